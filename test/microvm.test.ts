/** QEMU's microvm: virtio-mmio, no PCI, nothing plugged in while it runs. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;
let folder: string;
beforeAll(async () => {
  instance = await testInstance();
  folder = await mkdtemp(join(tmpdir(), "microvm-"));
  await writeFile(join(folder, "note"), "from the host\n");
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const microvm = { hypervisorMachineType: "microvm", numVCPUs: 2 } as const;

test("runs containers with disks and a shared folder on two CPUs, is paused, and starts again", async () => {
  await instance.vc.volumes.create({ name: "kept" });
  await using sandbox = await instance.vc.runSandbox(
    {
      id: "micro",
      hypervisorConfig: microvm,
      containers: [
        {
          id: "main",
          image: "busybox",
          waits: true,
          mounts: [
            { type: "bind", source: folder, destination: "/shared" },
            { type: "volume", source: "kept", destination: "/kept" },
          ],
        },
        { id: "side", image: "busybox", waits: true },
      ],
    },
    { deleteOnDispose: true },
  );
  const said = async (script: string, container = "main") =>
    (await sandbox.exec(["sh", "-c", script], { container, check: true })).stdout;
  expect(await said("nproc; cat /shared/note; echo 1 > /kept/file")).toBe("2\nfrom the host\n");
  expect(await said("ls /sys/bus/pci/devices 2>/dev/null | wc -l")).toBe("0\n");
  expect(await said("sleep 0.2; echo side", "side")).toBe("side\n");
  await sandbox.pause();
  await sandbox.resume();
  expect(await said("date +%s > /tmp/now; echo on")).toBe("on\n");
  await sandbox.stop();
  await sandbox.start();
  expect(await said("cat /kept/file")).toBe("1\n");
  await sandbox.delete({ force: true });
  expect(leftovers(instance)).toEqual([]);
});

test("what would have to be plugged in while it runs is refused by name, and changes nothing", async () => {
  await using sandbox = await instance.vc.runSandbox(
    {
      id: "fixed",
      hypervisorConfig: { ...microvm, numVCPUs: 1 },
      containers: [{ id: "main", image: "busybox", waits: true }],
    },
    { deleteOnDispose: true },
  );
  await expect(sandbox.resize({ cpus: 2 })).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    field: "cpus",
  });
  await expect(sandbox.resize({ memoryMiB: 512 })).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    field: "memoryMiB",
  });
  await expect(sandbox.createContainer({ id: "more", image: "busybox" })).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
  });
  expect((await sandbox.exec(["echo", "on"])).stdout).toBe("on\n");
  await sandbox.delete({ force: true });
});
