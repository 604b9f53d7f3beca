import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createTestInstance } from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { waiting } from "../support/sandbox.ts";

const warmUp = 100;
const cycles = 1000;
/** What the heap differs by anyway, for each of so many; one guest that is kept has some 40 KiB, and buffers. */
const noiseBytes = 8 * 1024;

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
    // Not what the process has of the host: an allocator keeps that, more or less by Node.js's version.
    const { heapUsed, external } = process.memoryUsage();
    return {
      descriptors: readdirSync("/proc/self/fd").length,
      bytes: heapUsed + external,
      files: readdirSync(instance.folder, { recursive: true }).sort(),
    };
  };
  for (let i = 0; i < warmUp; i++) await cycle();
  const before = holdings();
  for (let i = warmUp; i < cycles; i++) await cycle();
  const after = holdings();
  // Closing goes through a queue; a few may still be on their way.
  expect(after.descriptors).toBeLessThan(before.descriptors + 10);
  expect(after.files).toEqual(before.files);
  expect((after.bytes - before.bytes) / (cycles - warmUp)).toBeLessThan(noiseBytes);
  expect(await leftovers(instance.folder)).toEqual([]);
});
