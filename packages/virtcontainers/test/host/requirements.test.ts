import { expect, test } from "vitest";
import { VirtError } from "../../src/errors.ts";
import type { Host } from "../../src/host/host.ts";
import { createHost } from "../../src/host/real.ts";
import { debianRelease } from "../../src/host/release.ts";
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
  expect(failed.get("subids")).toContain("user.max_user_namespaces");
});

test("virtiofsd comes in the package that this release of Debian has it in", async () => {
  const real = createHost();
  const host = { ...real, processes: { ...real.processes, which: async () => undefined } };
  const told = async (osRelease: string) => {
    const checks = await checkHost(host, guest, debianRelease(osRelease));
    return checks.find(({ id }) => id === "virtiofsd");
  };
  const debian = (version: string) => `PRETTY_NAME="Debian"\n${version}ID=debian\n`;
  expect(await told(debian('VERSION_ID="12"\n'))).toMatchObject({
    packages: ["qemu-system-common"],
    remedy: expect.stringContaining("apt-get install qemu-system-common"),
  });
  for (const newer of [debian('VERSION_ID="13"\n'), debian(""), 'ID=ubuntu\nVERSION_ID="24.04"\n'])
    expect(await told(newer)).toMatchObject({
      packages: ["virtiofsd"],
      remedy: expect.stringContaining("apt-get install virtiofsd"),
    });
});

test.each(["12", "13"] as const)(
  "the packages of Debian %s are those of the requirements",
  (on) => {
    const packages = runtimePackages(on);
    expect(packages).toContain("qemu-system-x86");
    expect(packages.includes("virtiofsd")).toBe(on === "13");
    expect(new Set(packages).size).toBe(packages.length);
  },
);
