import { expect, test } from "vitest";
import { VirtError } from "../../src/errors.ts";
import type { Host } from "../../src/host/host.ts";
import { createHost } from "../../src/host/real.ts";
import { checkHost, requirements, runtimePackages } from "../../src/host/requirements.ts";

const guest = async () => "kernel 6.1";

test("every requirement is looked at, and what fails has a remedy", async () => {
  const checks = await checkHost(createHost(), guest);
  expect(checks.map(({ id }) => id)).toEqual(requirements.map(({ id }) => id));
  for (const check of checks) expect(check.remedy === undefined).toBe(check.ok);
});

test("a host without tools and guest files is told what to install", async () => {
  const real = createHost();
  const bare: Host = {
    ...real,
    uid: 1000,
    processes: { ...real.processes, which: async () => undefined },
  };
  const checks = await checkHost(bare, async () => {
    throw new VirtError("HOST_REQUIREMENT", "no guest files", { hint: "Build them." });
  });
  const failed = new Map(checks.filter(({ ok }) => !ok).map((check) => [check.id, check.remedy]));
  expect(failed.get("qemu")).toContain("apt-get install qemu-system-x86");
  expect(failed.get("vhost-device-vsock")).toContain("cargo install");
  expect(failed.get("guest")).toBe("Build them.");
  expect([...failed.keys()]).toEqual(expect.arrayContaining(["root", "virtiofsd", "mkfs.ext4"]));
});

test("the packages are those of the requirements", () => {
  expect(runtimePackages).toContain("qemu-system-x86");
  expect(new Set(runtimePackages).size).toBe(runtimePackages.length);
});
