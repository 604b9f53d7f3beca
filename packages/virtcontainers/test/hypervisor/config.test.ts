import { chmod, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Host } from "../../src/host/host.ts";
import { createHost } from "../../src/host/real.ts";
import type { QemuConfig } from "../../src/hypervisor/qemu/config.ts";
import { createQemu } from "../../src/hypervisor/qemu/index.ts";
import { silentLogger } from "../../src/log.ts";
import { testFolder } from "../support/folder.ts";
import { config } from "./support/spec.ts";

const host = createHost();
const signal = () => AbortSignal.timeout(20_000);

async function bootable(): Promise<Partial<QemuConfig>> {
  const folder = await testFolder();
  const kernelPath = join(folder, "vmlinux");
  const imagePath = join(folder, "root.img");
  await writeFile(kernelPath, "");
  await writeFile(imagePath, "");
  return { kernelPath, imagePath };
}

async function validate(more: Partial<QemuConfig>, on: Host = host): Promise<void> {
  await createQemu(on, silentLogger).validate(config({ ...(await bootable()), ...more }), signal());
}

test("a usual configuration passes", async () => {
  await validate({});
  await validate({ machineType: "pc", memoryMiB: 64, agentPorts: 28, pcieRootPorts: 10 });
});

const hostMiB = Math.floor(totalmem() / 1024 / 1024);

describe("refusals name the field, the value and what is allowed", () => {
  test.each<[keyof QemuConfig, Partial<QemuConfig>, RegExp]>([
    ["memoryMiB", { memoryMiB: 0 }, /0 .* from 64 to /],
    ["memoryMiB", { memoryMiB: -1 }, /-1 .* from 64 to /],
    [
      "memoryMiB",
      { memoryMiB: 10 * 1024 * 1024 },
      new RegExp(`to ${hostMiB} \\(this host's memory`),
    ],
    ["memoryMiB", { memoryMiB: 128.5 }, /128.5 .* whole number/],
    ["numVCPUs", { numVCPUs: 0 }, /from 1 to /],
    ["numVCPUs", { numVCPUs: availableParallelism() + 1 }, /this host's CPUs/],
    ["defaultMaxVCPUs", { defaultMaxVCPUs: 1000 }, /from 1 to 240/],
    ["agentPorts", { agentPorts: 29 }, /from 1 to 28/],
    ["pcieRootPorts", { pcieRootPorts: 11 }, /from 0 to 10/],
    ["defaultBridges", { defaultBridges: 6 }, /from 0 to 5/],
    ["kernelPath", { kernelPath: "/nonexistent/vmlinux" }, /vmlinux.*no such file/],
    ["kernelPath", { kernelPath: "/tmp" }, /regular file/],
    ["imagePath", { imagePath: "/nonexistent/root.img" }, /no such file/],
    ["imagePath", { imagePath: undefined }, /an image or an initrd/],
    ["initrdPath", { initrdPath: "/dev/zero" }, /regular file/],
    ["firmwarePath", { firmwarePath: "/nonexistent" }, /no such file/],
    ["entropySource", { entropySource: "/nonexistent" }, /readable/],
    ["fileBackedMemRootDir", { fileBackedMemRootDir: "/dev/null" }, /a folder/],
    ["kernelParams", { kernelParams: [{ key: "a b", value: "" }] }, /no spaces/],
    ["kernelParams", { kernelParams: [{ key: "a", value: 'x" init=/bin/sh' }] }, /no quotes/],
    ["kernelParams", { kernelParams: [{ key: "a", value: "x".repeat(2000) }] }, /2047 bytes/],
    ["hypervisorParams", { hypervisorParams: [{ key: "daemonize", value: "" }] }, /daemonize/],
    [
      "hypervisorParams",
      { hypervisorParams: [{ key: "-device", value: "x" }] },
      /without its dash/,
    ],
    ["cpuFeatures", { cpuFeatures: "pmu=off\n-daemonize" }, /control characters/],
  ])("%s %o", async (field, wrong, message) => {
    await expect(validate(wrong)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: `hypervisorConfig.${field}`,
      message: expect.stringMatching(message),
    });
  });
});

test.skipIf(process.arch !== "x64").each([
  ["virt", "arm64"],
  ["pseries", "ppc64"],
  ["s390-ccw-virtio", "s390x"],
] as const)("%s needs a host of its own architecture", async (machineType, arch) => {
  await expect(validate({ machineType })).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    field: "hypervisorConfig.hypervisorMachineType",
    message: expect.stringContaining(arch),
  });
});

test("of the x86 machines a microvm is taken without KVM, too, and its memory can't grow", async () => {
  await validate({ machineType: "microvm", accelerator: "tcg" });
  const grows = { machineType: "microvm", virtioMem: true } as const;
  await expect(validate(grows)).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    field: "hypervisorConfig.hypervisorMachineType",
  });
});

test("a binary that is missing or not executable is a requirement of the host", async () => {
  const folder = await testFolder();
  const hypervisorPath = join(folder, "qemu");
  await expect(validate({ hypervisorPath })).rejects.toMatchObject({
    code: "HOST_REQUIREMENT",
    field: "hypervisorConfig.hypervisorPath",
  });
  await writeFile(hypervisorPath, "");
  await chmod(hypervisorPath, 0o644);
  await expect(validate({ hypervisorPath })).rejects.toMatchObject({ code: "HOST_REQUIREMENT" });
  const without: Host = { ...host, processes: { ...host.processes, which: async () => undefined } };
  await expect(validate({}, without)).rejects.toMatchObject({
    code: "HOST_REQUIREMENT",
    hint: expect.stringContaining("qemu-system-x86"),
  });
});
