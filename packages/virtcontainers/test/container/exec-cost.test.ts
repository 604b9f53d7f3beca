import { expect, test, vi } from "vitest";
import { createFaultyHost } from "../../src/host/faulty.ts";
import { createHost } from "../../src/host/real.ts";
import { Store } from "../../src/store/store.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { waiting } from "../support/sandbox.ts";

test("a command takes one lock, and reads the sandbox's state once", async () => {
  const locks: string[] = [];
  const host = createFaultyHost(createHost(), [], (point) => {
    if (point.startsWith("locks.")) locks.push(point);
  });
  await using instance = await createTestInstance({ host });
  await using sandbox = await instance.vc.runSandbox({ id: "cost", containers: [waiting] });
  // The first one takes a port of the agent, too.
  await sandbox.exec(["true"]);
  locks.length = 0;
  const reads = vi.spyOn(Store.prototype, "read");
  expect((await sandbox.exec(["sh", "-c", "echo out; exit 3"])).exitCode).toBe(3);
  expect(locks).toHaveLength(1);
  expect(reads).toHaveBeenCalledTimes(1);
});
