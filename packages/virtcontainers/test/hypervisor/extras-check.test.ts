import { expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { checkExtras } from "../../src/hypervisor/qemu/checks/extras.ts";
import { testFolder } from "../support/folder.ts";
import { config } from "./support/spec.ts";

const host = createHost();
const nowhere = { vsock: "/nonexistent/vhost-vsock", seLinux: "/nonexistent/selinux" };
const seLinuxProcessLabel = "system_u:system_r:svirt_t:s0:c1,c2";

test.each([
  ["iommu", { iommu: true, machineType: "pc" }, "NOT_SUPPORTED", "q35"],
  ["iommuPlatform", { iommuPlatform: true, sharedFS: "virtio-fs" }, "NOT_SUPPORTED", "sharedFS"],
  ["realtime", { realtime: true, mlock: false }, "NOT_SUPPORTED", "mlock"],
  ["useVSock", { useVSock: true }, "HOST_REQUIREMENT", "modprobe vhost_vsock"],
  ["useVSock", { useVSock: true }, "HOST_REQUIREMENT", "vsockDaemon"],
  ["vsockDaemon", { useVSock: true, vsockDaemon: "/none" }, "HOST_REQUIREMENT", "cargo install"],
  ["vsockDaemon", { vsockDaemon: "/bin/true" }, "INVALID_ARGUMENT", "Set useVSock"],
  [
    "iommuPlatform",
    { useVSock: true, vsockDaemon: "/bin/true", iommuPlatform: true },
    "NOT_SUPPORTED",
    "Leave one of the two out",
  ],
  ["seLinuxProcessLabel", { seLinuxProcessLabel }, "HOST_REQUIREMENT", "Leave it out"],
] as const)("%s is refused by name where it can't be had: %o", async (field, wrong, code, hint) => {
  await expect(checkExtras(config(wrong), "tcg", host, nowhere)).rejects.toMatchObject({
    code,
    field: `hypervisorConfig.${field}`,
    hint: expect.stringContaining(hint),
  });
});

test("where the host has all of it, it is taken", async () => {
  const folder = await testFolder();
  const there = { vsock: folder, seLinux: folder };
  const own = { iommu: true, iommuPlatform: true, useVSock: true, seLinuxProcessLabel };
  await checkExtras(config(own), "tcg", host, there);
  await checkExtras(config({ realtime: true }), "kvm", host, nowhere);
  const served = { useVSock: true, vsockDaemon: "/bin/true" };
  await checkExtras(config(served), "tcg", host, nowhere);
  const missing = { ...host, processes: { ...host.processes, which: async () => undefined } };
  await expect(checkExtras(config(own), "tcg", missing, there)).rejects.toMatchObject({
    field: "hypervisorConfig.seLinuxProcessLabel",
    message: expect.stringContaining("runcon"),
  });
});
