import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "virtcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AgentClient, agentClient } from "./support/agent-client.ts";
import { guestShell } from "./support/guest-shell.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { qmp } from "./support/qmp.ts";

const MiB = 1024 * 1024;

let instance: TestInstance;
let base: string;
let sandbox: Sandbox;
let client: AgentClient;
let vm: string;

beforeAll(async () => {
  instance = await testInstance();
  base = mkdtempSync(join(tmpdir(), "vc-disks-"));
  mkdirSync(join(base, "inner"));
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(base, "inner")]);
  writeFileSync(join(base, "inner", "file"), "of the inner mount\n");
  await instance.vc.volumes.create({ name: "data", driver: "ext4", sizeMiB: 32 });
  const bind = { type: "bind", source: base } as const;
  sandbox = await instance.vc.runSandbox({
    hypervisorConfig: {
      memoryMiB: 256,
      kernelParams: [{ key: "hugepages", value: "8" }],
      pcieRootPort: 2,
    },
    containers: [
      {
        id: "main",
        image: "busybox",
        waits: true,
        resources: { hugepageLimits: [{ pageSize: "2MB", limit: 6 * MiB }] },
        mounts: [
          { type: "volume", source: "data", destination: "/data" },
          { type: "hugetlbfs", destination: "/huge", sizeMiB: 16 },
          { ...bind, destination: "/shared", options: ["rbind", "rshared"] },
          { ...bind, destination: "/slave", options: ["rbind", "rslave"] },
          { ...bind, destination: "/private", options: ["rbind", "rprivate"], readOnly: true },
        ],
      },
    ],
  });
  client = await agentClient(instance.stateDir, sandbox.id, 7);
  vm = join(instance.stateDir, "sbs", sandbox.id, "vm");
});
afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await instance[Symbol.asyncDispose]();
  execFileSync("umount", [join(base, "inner")]);
  rmSync(base, { recursive: true });
  expect(leftovers(instance)).toEqual([]);
});

async function sh(script: string): Promise<string> {
  return (await sandbox.exec(["sh", "-c", script], { check: true })).stdout;
}

/** The drives of the VM by their node names, as the store has them. */
function drives(): string[] {
  const file = join(instance.stateDir, "sbs", sandbox.id, "sandbox.json");
  return Object.keys(JSON.parse(readFileSync(file, "utf8")).vm.devices);
}

test("a volume that has grown on the host grows in the guest, with what is on it", async () => {
  const path = "/run/kata-containers/sandbox/storage/data";
  const total = async (): Promise<number> => {
    const { usage } = await sandbox.guestVolumeStats(path);
    return usage.find(({ unit }) => unit === "bytes")?.total ?? 0;
  };
  await sh("head -c 20000000 /dev/urandom > /data/file; md5sum /data/file > /sum");
  expect(await total()).toBeLessThan(32 * MiB);
  await expect(sandbox.resizeGuestVolume(path, 16 * MiB)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("can only grow"),
  });
  // The disk itself has no room yet.
  await expect(sandbox.resizeGuestVolume(path, 96 * MiB)).rejects.toThrow("resize");

  truncateSync(join(instance.dataDir, "volumes/data/disk.img"), 96 * MiB);
  const node = drives().find((id) => id.startsWith("vol-"));
  const grow = { "node-name": node, size: 96 * MiB };
  await qmp(join(vm, "qmp.sock"), [{ execute: "block_resize", arguments: grow }]);
  await sandbox.resizeGuestVolume(path, 96 * MiB);

  expect(await total()).toBeGreaterThan(80 * MiB);
  expect(await sh("head -c 40000000 /dev/zero > /data/more; md5sum -c /sum")).toContain("OK");
});

test("a disk that is plugged in becomes swap, by its place on the bus", async () => {
  const image = join(vm, "swap.img");
  writeFileSync(image, "");
  truncateSync(image, 8 * MiB);
  chmodSync(image, 0o666);
  const node = { "node-name": "swap", driver: "raw", file: { driver: "file", filename: image } };
  const device = { driver: "virtio-blk-pci", drive: "swap", id: "rp1.swap", bus: "rp1" };
  await qmp(join(vm, "qmp.sock"), [
    { execute: "blockdev-add", arguments: node },
    { execute: "device_add", arguments: { ...device, "disable-legacy": "on" } },
  ]);
  await client.agent.addSwap({ PCIPath: [0x16, 0] });
  expect(await sh("cat /proc/swaps")).toMatch(/^\/dev\/vd[a-z] +partition\s+8188/m);
  expect(await sh("grep SwapTotal /proc/meminfo")).toMatch(/ 8188 kB/);
  // It is in use already.
  await expect(client.agent.addSwap({ PCIPath: [0x16, 0] })).rejects.toThrow("busy");
});

test("huge pages are given up to the container's limit", async () => {
  await sh("fallocate -l 4194304 /huge/fits");
  expect(await sh("grep HugePages_Free /proc/meminfo")).toMatch(/ 14$/m);
  expect(await sandbox.exec(["fallocate", "-l", "8388608", "/huge/not"])).toMatchObject({
    exitCode: 1,
  });
  expect((await sandbox.statsContainer("main")).cgroupStats?.hugetlbStats).toMatchObject({
    "2MB": { usage: 6 * MiB, failcnt: 1 },
  });
  await sh("rm /huge/*");
});

test("a bind mount has the mounts below its source, and the propagation that was asked for", async () => {
  for (const place of ["shared", "slave", "private"])
    expect(await sh(`cat /${place}/inner/file`)).toBe("of the inner mount\n");
  expect((await sandbox.exec(["touch", "/private/inner/x"])).stderr).toContain("Read-only");
  const mounts = await sh("cat /proc/self/mountinfo");
  const peers = (place: string) => new RegExp(` /${place} \\S+ shared:\\d+ `);
  expect(mounts).toMatch(peers("shared"));
  expect(mounts).toMatch(peers("shared/inner"));
  expect(mounts).not.toMatch(peers("slave"));
  expect(mounts).not.toMatch(peers("private"));
});

test("memory that is told by its address is known to the kernel, where it has a probe", async () => {
  const { supportMemHotplugProbe, memBlockSizeBytes } = await client.agent.getGuestDetails({
    memHotplugProbe: true,
    memBlockSize: true,
  });
  const address = 64n << 30n;
  const probe = () => client.agent.memHotplugByProbe({ memHotplugProbeAddr: [address] });
  if (!supportMemHotplugProbe) {
    await expect(probe()).rejects.toMatchObject({ code: "unimplemented" });
    return;
  }
  // Nothing is behind the address, so the kernel must not use it.
  await guestShell(client, "echo offline > /sys/devices/system/memory/auto_online_blocks");
  await probe();
  const block = `/sys/devices/system/memory/memory${address / memBlockSizeBytes}`;
  expect(await guestShell(client, `cat ${block}/state`)).toBe("offline\n");
});
