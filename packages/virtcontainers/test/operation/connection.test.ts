import { expect, test, vi } from "vitest";
import { Hypervisors } from "../../src/hypervisor/registry.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { waiting } from "../support/sandbox.ts";

test("a verb that uses the driver and attaches afresh looks the driver up once", async () => {
  await using instance = await createTestInstance();
  const lookups = vi.spyOn(Hypervisors.prototype, "of");
  await (await instance.vc.runSandbox({ id: "sb", containers: [waiting] })).release();
  expect(lookups).toHaveBeenCalledTimes(1);
  lookups.mockClear();
  // Fetched and resized by a connection of its own.
  await instance.vc.resizeSandbox("sb", { memoryMiB: 320 });
  expect(lookups).toHaveBeenCalledTimes(1);
  lookups.mockRestore();
});
