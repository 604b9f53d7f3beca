import { rename } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { expect, test } from "vitest";
import { type DriverConfig, ResolvedHypervisorConfigSchema } from "../../src/hypervisor/config.ts";
import { VirtContainers } from "../../src/index.ts";
import { createTestImages, createTestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";
import { editStored } from "../support/stored.ts";

/** As another process has it, over a driver whose VMs boot the guest's files. */
async function booting(ownConfig?: DriverConfig) {
  const instance = await createTestInstance();
  const { hypervisor, folder } = instance;
  const capabilities = { ...hypervisor.capabilities, guestFiles: true };
  const another = () =>
    new VirtContainers({
      stateDir: join(folder, "state"),
      dataDir: join(folder, "data"),
      guestDir: folder,
      kernel: "debian",
      images: createTestImages(folder),
      hypervisors: { qemu: { ...hypervisor, capabilities, ...(ownConfig && { ownConfig }) } },
    });
  return { instance, another };
}

test("a sandbox that runs goes by what its VM was started with, though the guest's files are gone", async () => {
  const { instance, another } = await booting();
  await using _instance = instance;
  await (await another().runSandbox({ id: "sb", containers: [waiting] })).release();
  await rename(join(instance.folder, "manifest.json"), join(instance.folder, "gone.json"));
  await using sandbox = await another().fetchSandbox("sb");
  expect((await sandbox.exec(["echo", "on"])).stdout).toBe("on\n");
  await sandbox.resize({ memoryMiB: 320 });
  await sandbox.stop();
  // A new VM is made of what is there.
  expect((await refusal(sandbox.start())).code).toBe("HOST_REQUIREMENT");
});

test("a configuration that is damaged on disk is told as such", async () => {
  const { instance, another } = await booting();
  await using _instance = instance;
  await (await another().runSandbox({ id: "sb", containers: [waiting] })).release();
  editStored(instance, "sb", (stored) => {
    stored.resolved = { kernelPath: 7 };
  });
  await using sandbox = await another().fetchSandbox("sb");
  expect((await refusal(sandbox.exec(["true"]))).code).toBe("STATE_INVALID");
});

const Painted = v.object({ ...ResolvedHypervisorConfigSchema.entries, color: v.string() });
const painted: DriverConfig = {
  read: (kept) => v.parse(Painted, kept),
  resolve: (config, common) => ({ ...common, color: config.cpuFeatures ?? "grey" }),
};

test("a driver's own fields are kept with the VM, and checked by its own schema", async () => {
  const { instance, another } = await booting(painted);
  await using _instance = instance;
  const hypervisorConfig = { cpuFeatures: "red" };
  const config = { id: "sb", containers: [waiting], hypervisorConfig };
  await (await another().runSandbox(config)).release();
  let kept: unknown;
  editStored(instance, "sb", (stored) => {
    kept = stored.resolved;
    stored.resolved = { ...v.parse(Painted, kept), color: 7 };
  });
  expect(kept).toMatchObject({ color: "red", memoryMiB: 256 });
  expect(kept).not.toHaveProperty("machineType");
  await using sandbox = await another().fetchSandbox("sb");
  expect((await refusal(sandbox.exec(["true"]))).code).toBe("STATE_INVALID");
});
