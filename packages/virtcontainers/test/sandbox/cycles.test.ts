import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { createTestInstance } from "../../src/testing/index.ts";
import { leftovers } from "./leftovers.ts";
import { waiting } from "./support.ts";

const openFiles = (): number => readdirSync("/proc/self/fd").length;

test("a hundred sandboxes one after another leave no file descriptor and no file", async () => {
  await using instance = await createTestInstance();
  const cycle = async (): Promise<void> => {
    await using sandbox = await instance.vc.runSandbox(
      { containers: [waiting] },
      { deleteOnDispose: true },
    );
    expect((await sandbox.exec(["echo", "hi"])).stdout).toBe("hi\n");
  };
  await cycle();
  const before = openFiles();
  for (let i = 0; i < 100; i++) await cycle();
  // Closing goes through a queue; a few may still be on their way.
  expect(openFiles()).toBeLessThan(before + 10);
  expect(await leftovers(instance.folder)).toEqual([]);
});
