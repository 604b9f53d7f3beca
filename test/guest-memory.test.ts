import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HypervisorConfig } from "virtcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestInstance, testInstance } from "./support/instance.ts";

const memoryMiB = 192;
const pages = "/proc/sys/vm/nr_hugepages";
const before = readFileSync(pages, "utf8");

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  writeFileSync(pages, before);
});

/** What the host's kernel says of the memory of a VMM with that configuration, in MiB. */
async function memoryOf(config: HypervisorConfig, file: string, field: string): Promise<number> {
  await using sandbox = await instance.vc.runSandbox(
    {
      hypervisorConfig: { memoryMiB, ...config },
      containers: [{ id: "main", image: "busybox", waits: true }],
    },
    { deleteOnDispose: true },
  );
  const stored = readFileSync(join(instance.stateDir, "sbs", sandbox.id, "sandbox.json"), "utf8");
  const text = readFileSync(`/proc/${JSON.parse(stored).vm.process.pid}/${file}`, "utf8");
  const lines = [...text.matchAll(new RegExp(`^${field}:\\s+(\\d+) kB`, "gm"))];
  return lines.reduce((sum, [, kib]) => sum + Number(kib) / 1024, 0);
}

test("memory is taken before the guest asks for it", async () => {
  expect(await memoryOf({ memPrealloc: true }, "status", "VmRSS")).toBeGreaterThan(memoryMiB);
});

test("memory is of huge pages where the host has some, else they are asked for by name", async () => {
  writeFileSync(pages, "0");
  const config = { hugePages: true } as const;
  await expect(memoryOf(config, "smaps_rollup", "Rss")).rejects.toMatchObject({
    code: "HOST_REQUIREMENT",
    field: "hypervisorConfig.hugePages",
  });
  writeFileSync(pages, String(memoryMiB / 2));
  // A host whose memory is in pieces has not so many.
  if (Number(readFileSync(pages, "utf8")) < memoryMiB / 2) return;
  const field = "(?:Shared|Private)_Hugetlb";
  expect(await memoryOf(config, "smaps_rollup", field)).toBeGreaterThan(0);
});

test.each(["mlock", "realtime"])(
  "%s locks memory where the user may, else the limit is named",
  async (field) => {
    const limit = execFileSync("sh", ["-c", "ulimit -l"], { encoding: "utf8" }).trim();
    const locked = memoryOf({ [field]: true }, "status", "VmLck");
    if (limit === "unlimited") expect(await locked).toBeGreaterThan(memoryMiB);
    else {
      await expect(locked).rejects.toMatchObject({
        code: "HOST_REQUIREMENT",
        field: "hypervisorConfig.mlock",
      });
    }
  },
);
