import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createTestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";
import { storedPath } from "../support/stored.ts";

test("the phases of a create, of the last one and of each sandbox, from any process", async () => {
  await using instance = await createTestInstance();
  const { vc } = instance;
  await using _one = await vc.runSandbox({ id: "one", containers: [waiting] });
  await using _two = await vc.createSandbox({ id: "two", containers: [waiting] });
  const last = await instance.another().trace();
  expect(last.sandboxId).toBe("two");
  const one = await instance.another().trace("one");
  expect(one.sandboxId).toBe("one");
  const names = one.phases.map(({ name }) => name);
  expect(names).toEqual([
    "validate",
    "prepare",
    "storage",
    "hypervisor.start",
    "boot",
    "agent.createSandbox",
    "agent.createContainer",
    "agent.startContainer",
  ]);
  expect(last.phases.map(({ name }) => name)).not.toContain("agent.startContainer");
  for (const { startMs, durationMs } of one.phases) {
    expect(startMs).toBeGreaterThanOrEqual(0);
    expect(startMs + durationMs).toBeLessThanOrEqual(one.durationMs);
  }
});

test("of a create that failed, with the phase that did", async () => {
  const faults = [{ at: "CreateContainer", does: { kind: "error", code: "internal" } }] as const;
  await using instance = await createTestInstance({ agent: { faults } });
  await refusal(instance.vc.runSandbox({ id: "sb", containers: [waiting] }));
  const { sandboxId, phases } = await instance.vc.trace();
  expect(sandboxId).toBe("sb");
  expect(phases.at(-1)).toMatchObject({ name: "agent.createContainer", containerId: "c1" });
  expect(phases.at(-1)?.error).toContain("CreateContainer");
});

test("what is not there, or damaged, is refused", async () => {
  await using instance = await createTestInstance();
  const { vc } = instance;
  expect((await refusal(vc.trace())).code).toBe("SANDBOX_NOT_FOUND");
  expect((await refusal(vc.trace("none"))).code).toBe("SANDBOX_NOT_FOUND");
  await using _sandbox = await vc.createSandbox({ id: "sb", containers: [] });
  writeFileSync(storedPath(instance, "sb", "trace.json"), "{");
  expect((await refusal(vc.trace("sb"))).code).toBe("STATE_INVALID");
});
