import { expect, test } from "vitest";
import { bootSourceCall } from "../../../src/hypervisor/firecracker/calls/boot-source.ts";
import {
  balloonCall,
  entropyCall,
  inflateBalloonCall,
  vsockCall,
} from "../../../src/hypervisor/firecracker/calls/devices.ts";
import { driveCall, exchangeDriveCall } from "../../../src/hypervisor/firecracker/calls/drive.ts";
import {
  bootCall,
  flushMetricsCall,
  pauseCall,
  resumeCall,
} from "../../../src/hypervisor/firecracker/calls/life.ts";
import { machineCall } from "../../../src/hypervisor/firecracker/calls/machine.ts";
import { networkInterfaceCall } from "../../../src/hypervisor/firecracker/calls/network-interface.ts";
import {
  fillPlaceholderCall,
  placeholder,
} from "../../../src/hypervisor/firecracker/calls/placeholder.ts";
import { loggerCall, metricsCall } from "../../../src/hypervisor/firecracker/calls/telling.ts";
import { thrown } from "../../support/refusal.ts";

const cache = { blockDeviceCacheSet: false, blockDeviceCacheNoflush: false };

test("CPUs, memory and huge pages", () => {
  expect(machineCall({ numVCPUs: 3, memoryMiB: 512, hugePages: false })).toEqual({
    method: "PUT",
    path: "/machine-config",
    body: { vcpu_count: 3, mem_size_mib: 512, smt: false },
  });
  const { body } = machineCall({ numVCPUs: 1, memoryMiB: 256, hugePages: true });
  expect(body).toMatchObject({ huge_pages: "2M" });
});

test("kernel, command line, and an initrd if there is one", () => {
  const source = { kernelPath: "/vmlinux", commandLine: "reboot=k quiet" };
  expect(bootSourceCall(source)).toEqual({
    method: "PUT",
    path: "/boot-source",
    body: { kernel_image_path: "/vmlinux", boot_args: "reboot=k quiet" },
  });
  expect(bootSourceCall({ ...source, initrdPath: "/initrd" }).body).toEqual({
    kernel_image_path: "/vmlinux",
    initrd_path: "/initrd",
    boot_args: "reboot=k quiet",
  });
});

test("a drive, by an id that the API takes", () => {
  expect(driveCall({ id: "data-1", path: "/d", readonly: false }, cache)).toEqual({
    method: "PUT",
    path: "/drives/data_1",
    body: { drive_id: "data_1", path_on_host: "/d", is_root_device: false, is_read_only: false },
  });
  const root = { id: "root", path: "/r", readonly: true, root: true };
  expect(driveCall(root, cache).body).toMatchObject({ is_root_device: true, is_read_only: true });
});

test.each([
  [true, false, "Writeback"],
  [true, true, "Unsafe"],
  [false, true, undefined],
] as const)(
  "blockDeviceCacheSet %s and blockDeviceCacheNoflush %s: %s",
  (blockDeviceCacheSet, blockDeviceCacheNoflush, type) => {
    const drive = { id: "data", path: "/d", readonly: false };
    const { body } = driveCall(drive, { blockDeviceCacheSet, blockDeviceCacheNoflush });
    expect(Object.entries(body).find(([key]) => key === "cache_type")?.[1]).toBe(type);
  },
);

test("the file behind a drive is exchanged", () => {
  expect(exchangeDriveCall({ id: "data-1", path: "/new" })).toEqual({
    method: "PATCH",
    path: "/drives/data_1",
    body: { drive_id: "data_1", path_on_host: "/new" },
  });
});

test("a placeholder is an empty drive, and a disk comes into its place", () => {
  expect(driveCall(placeholder(7, "/drive_7"), cache)).toMatchObject({
    path: "/drives/drive_7",
    body: { is_root_device: false, is_read_only: false },
  });
  expect(fillPlaceholderCall(7, "/disk")).toMatchObject({
    method: "PATCH",
    path: "/drives/drive_7",
    body: { drive_id: "drive_7", path_on_host: "/disk" },
  });
  for (const index of [-1, 8, 0.5]) expect(() => placeholder(index, "/x")).toThrow(RangeError);
});

test.each(["", "1a", "a_b", "a/../b", "a.b", "a".repeat(32)])("%j is no id", (id) => {
  expect(thrown(() => driveCall({ id, path: "/d", readonly: true }, cache))).toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "id",
  });
});

test("a network interface, and its rates in each direction", () => {
  const network = { id: "eth-0", tap: "tap0", mac: "02:00:00:00:00:01" };
  const body = { iface_id: "eth_0", host_dev_name: "tap0", guest_mac: "02:00:00:00:00:01" };
  expect(networkInterfaceCall(network)).toEqual({
    method: "PUT",
    path: "/network-interfaces/eth_0",
    body,
  });
  expect(networkInterfaceCall({ ...network, rxRateBits: 8_000_000, txRateBits: 15 }).body).toEqual({
    ...body,
    rx_rate_limiter: { bandwidth: { size: 1_000_000, refill_time: 1000 } },
    tx_rate_limiter: { bandwidth: { size: 1, refill_time: 1000 } },
  });
});

test.each([
  ["rxRateBits", 0],
  ["rxRateBits", 7],
  ["txRateBits", -8],
  ["txRateBits", 8.5],
  ["txRateBits", Number.POSITIVE_INFINITY],
])("%s %s would be no limit and is refused", (field, bits) => {
  const network = { id: "eth0", tap: "tap0", mac: "02:00:00:00:00:01", [field]: bits };
  expect(thrown(() => networkInterfaceCall(network))).toMatchObject({
    code: "INVALID_ARGUMENT",
    field,
  });
});

test("vsock, entropy and balloon", () => {
  expect(vsockCall("/vsock.sock")).toEqual({
    method: "PUT",
    path: "/vsock",
    body: { guest_cid: 3, uds_path: "/vsock.sock" },
  });
  expect(entropyCall).toEqual({ method: "PUT", path: "/entropy", body: {} });
  expect(balloonCall).toEqual({
    method: "PUT",
    path: "/balloon",
    body: { amount_mib: 0, deflate_on_oom: true },
  });
  expect(inflateBalloonCall(64)).toEqual({
    method: "PATCH",
    path: "/balloon",
    body: { amount_mib: 64 },
  });
});

test("log and counters", () => {
  expect(loggerCall("/log", false)).toEqual({
    method: "PUT",
    path: "/logger",
    body: { log_path: "/log", level: "Error" },
  });
  expect(loggerCall("/log", true).body).toMatchObject({ level: "Debug" });
  expect(metricsCall("/metrics")).toEqual({
    method: "PUT",
    path: "/metrics",
    body: { metrics_path: "/metrics" },
  });
});

test("boot, counters, pause and resume", () => {
  expect(bootCall).toEqual({
    method: "PUT",
    path: "/actions",
    body: { action_type: "InstanceStart" },
  });
  expect(flushMetricsCall.body).toEqual({ action_type: "FlushMetrics" });
  expect(pauseCall).toEqual({ method: "PATCH", path: "/vm", body: { state: "Paused" } });
  expect(resumeCall.body).toEqual({ state: "Resumed" });
});
