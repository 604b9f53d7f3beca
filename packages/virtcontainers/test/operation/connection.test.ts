import { expect, test, vi } from "vitest";
import type { Host } from "../../src/host/host.ts";
import { createHost } from "../../src/host/real.ts";
import { Hypervisors } from "../../src/hypervisor/registry.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { gate } from "../support/gate.ts";
import { refusal } from "../support/refusal.ts";
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

test("calls by id that are refused keep none of the agent's ports", async () => {
  await using instance = await createTestInstance();
  const { vc } = instance;
  await using _sandbox = await vc.runSandbox({ id: "sb", containers: [waiting] });
  const again = { id: "sb", containers: [waiting] };
  const calls: (() => Promise<unknown>)[] = [
    () => vc.deleteSandbox("sb"),
    () => vc.startSandbox("sb"),
    () => vc.resumeSandbox("sb"),
    () => vc.runSandbox(again),
    () => vc.createContainer("sb", waiting),
    () => vc.deleteContainer("sb", "c1"),
    () => vc.startContainer("sb", "none"),
  ];
  // There are eight.
  for (const call of calls) for (let n = 0; n < 9; n++) await refusal(call());
  expect((await instance.another().statusSandbox("sb", { timeoutMs: 10_000 })).state).toBe(
    "running",
  );
});

test("work that outlives its caller gives back what it takes when that has let go of the sandbox", async () => {
  await using instance = await createTestInstance();
  await (await instance.vc.runSandbox({ id: "sb", containers: [waiting] })).release();
  const real = createHost();
  const [looked, watched] = [gate(), gate()];
  let [looks, watches] = [0, 0];
  const processes: Host["processes"] = {
    ...real.processes,
    // The first look takes longer than the caller waits.
    isAlive: async (process) => {
      if (looks++ === 0) await looked.passed;
      return await real.processes.isAlive(process);
    },
    waitGone: async (process, signal) => {
      watches++;
      watched.open();
      await real.processes.waitGone(process, signal).finally(() => watches--);
    },
  };
  const { folder } = instance;
  const { vc } = await createTestInstance({ folder, host: { ...real, processes } });
  const found = await vc.listSandbox({ timeoutMs: 1_000 });
  expect(found.map(({ state }) => state)).toEqual(["running"]);
  expect(watches).toBe(0);
  looked.open();
  await watched.passed;
  await expect.poll(() => watches, { timeout: 5_000 }).toBe(0);
});
