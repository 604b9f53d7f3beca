import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createTestInstance } from "../../src/testing/index.ts";
import { leftovers } from "./leftovers.ts";
import { waiting } from "./support.ts";

const mebibyte = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

test("a thousand sandboxes one after another leave no file descriptor, no file and no memory", {
  timeout: 1_200_000,
}, async () => {
  await using instance = await createTestInstance();
  const cycle = async (): Promise<void> => {
    await using sandbox = await instance.vc.runSandbox(
      { containers: [waiting] },
      { deleteOnDispose: true },
    );
    expect((await sandbox.exec(["echo", "hi"])).stdout).toBe("hi\n");
  };
  const holdings = () => {
    collect();
    return {
      descriptors: readdirSync("/proc/self/fd").length,
      rss: process.memoryUsage().rss,
      files: readdirSync(instance.folder, { recursive: true }).sort(),
    };
  };
  for (let i = 0; i < 100; i++) await cycle();
  const before = holdings();
  for (let i = 100; i < 1000; i++) await cycle();
  const after = holdings();
  // Closing goes through a queue; a few may still be on their way.
  expect(after.descriptors).toBeLessThan(before.descriptors + 10);
  expect(after.files).toEqual(before.files);
  expect(after.rss - before.rss).toBeLessThan(96 * mebibyte);
  expect(await leftovers(instance.folder)).toEqual([]);
});
