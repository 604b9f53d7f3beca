import { expect, it } from "vitest";
import { testInstance } from "./support/instance.ts";

it("Debian's kernel boots with an IOMMU, and all virtio devices are behind it", async () => {
  await using instance = await testInstance({ kernel: "debian" });
  const sandbox = await instance.vc.runSandbox({
    hypervisorConfig: { iommu: true, iommuPlatform: true },
    containers: [{ id: "c1", image: "busybox", waits: true, scratchMiB: 32 }],
  });
  await sandbox.createContainer({ id: "c2", image: "busybox", waits: true, scratchMiB: 32 });
  await sandbox.startContainer("c2");
  const written = await sandbox.exec(["sh", "-c", "echo plugged > /a; cat /a"], {
    container: "c2",
  });
  expect(written.stdout).toBe("plugged\n");
  // A device without a driver, as the one for random numbers here, has agreed on nothing.
  const script =
    "ls /sys/class/iommu; for d in /sys/bus/virtio/drivers/*/virtio*; do cut -c 34 $d/features; done";
  const { stdout } = await sandbox.exec(["sh", "-c", script]);
  const [unit, ...accessPlatform] = stdout.trim().split("\n");
  expect(unit).toBe("dmar0");
  expect(accessPlatform.length).toBeGreaterThan(2);
  // Bit 33, VIRTIO_F_ACCESS_PLATFORM.
  expect(new Set(accessPlatform)).toEqual(new Set(["1"]));
});
