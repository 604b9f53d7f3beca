/** Programs in folders of the host, which a process outside of QEMU puts into the guest's memory. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "virtcontainers";
import { findGuestDir, loadGuestAssets } from "virtcontainers/host";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

const pages = 200;
const versions = 4;
const rounds = 3;

/** A program with a function on each of many pages, all of which must be of the same version. */
const source = `
#include <stdio.h>
#define F(i) __attribute__((noinline, aligned(4096))) static int f##i(void) { __asm__ volatile (""); return VERSION; }
${numbered((i) => `F(${i})`, "\n")}
static int (*const all[])(void) = {${numbered((i) => `f${i}`, ", ")}};
int main(void) {
  for (int i = 0; i < ${pages}; i++) {
    int got = all[i]();
    if (got != VERSION) return printf("page %d is of version %d, not %d\\n", i, got, VERSION), 1;
  }
  return printf("version %d\\n", VERSION), 0;
}`;

let instance: TestInstance;
let base: string;

beforeAll(async () => {
  instance = await testInstance();
  base = mkdtempSync(join(tmpdir(), "vc-programs-"));
  mkdirSync(join(base, "shared"));
  for (let version = 0; version < versions; version++) {
    const options = ["-O1", "-static", `-DVERSION=${version}`, "-x", "c", "-"];
    execFileSync("cc", ["-o", join(base, `version${version}`), ...options], { input: source });
  }
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
  expect(leftovers(instance)).toEqual([]);
});

describe.each(["virtio-fs", "virtio-9p"] as const)("over %s", (sharedFS) => {
  let sandbox: Sandbox;
  let able = true;
  beforeAll(async () => {
    const { flavour } = await loadGuestAssets(findGuestDir(process.env));
    able = sharedFS === "virtio-fs" || flavour === "tuned";
    if (!able) return;
    const mounts = [
      { type: "bind", source: join(base, "shared"), destination: "/shared" } as const,
    ];
    const containers = [{ id: "main", image: "busybox", waits: true, mounts }];
    sandbox = await instance.vc.runSandbox({ hypervisorConfig: { sharedFS }, containers });
  });
  afterAll(async () => {
    if (able) await sandbox.delete({ force: true });
  });

  test("a program runs ten times, and each time as the first", async (context) => {
    context.skip(!able, "Debian's kernel has no 9p");
    copyFileSync("/bin/busybox", join(base, "shared/busybox"));
    copyFileSync(join(base, "version0"), join(base, "shared/ten"));
    const script =
      "/shared/ten && /shared/busybox sha256sum /shared/busybox | /shared/busybox cut -c 1-4";
    const first = await sandbox.exec(["sh", "-c", script]);
    expect(first).toMatchObject({ exitCode: 0, stderr: "" });
    for (let time = 1; time < 10; time++)
      expect(await sandbox.exec(["sh", "-c", script])).toEqual(first);
  });

  test("a program that is replaced in place runs as the one that is there now", async (context) => {
    context.skip(!able, "Debian's kernel has no 9p");
    const file = join(base, "shared/replaced");
    writeFileSync(file, "", { mode: 0o755 });
    for (let round = 0; round < rounds * versions; round++) {
      const version = round % versions;
      writeFileSync(file, readFileSync(join(base, `version${version}`)));
      expect(await sandbox.exec(["/shared/replaced"])).toMatchObject({
        exitCode: 0,
        stdout: `version ${version}\n`,
      });
    }
  });
});

function numbered(text: (index: number) => string, separator: string): string {
  return Array.from({ length: pages }, (_, index) => text(index)).join(separator);
}
