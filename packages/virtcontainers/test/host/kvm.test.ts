import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kvmUsable } from "../../src/host/kvm.ts";
import { testFolder } from "../support/folder.ts";

async function machine(flags: string | undefined) {
  const folder = await testFolder();
  const paths = { device: join(folder, "kvm"), cpuinfo: join(folder, "cpuinfo") };
  await writeFile(
    paths.cpuinfo,
    `processor\t: 0\nflags\t\t: fpu ${flags ?? ""} sse\nbugs\t: vmx\n`,
  );
  if (flags !== undefined) await writeFile(paths.device, "", { mode: 0o660 });
  return paths;
}

test("a device with vmx or svm is usable, by its group if not by all", async () => {
  for (const flags of ["vmx", "svm"]) {
    const status = await kvmUsable(await machine(flags));
    expect(status).toEqual({ usable: true, reason: undefined, gid: process.getgid?.() });
  }
});

test("a device without them belongs to a KVM that stock kernels hang in", async () => {
  const status = await kvmUsable(await machine("vmx_other"));
  expect(status).toMatchObject({
    usable: false,
    reason: expect.stringContaining("neither vmx nor svm"),
  });
});

test("no device, no KVM", async () => {
  const status = await kvmUsable(await machine(undefined));
  expect(status).toMatchObject({ usable: false, reason: expect.stringContaining("there is no") });
});
