import { afterEach, beforeEach, expect, test } from "vitest";
import { isVirtError, type Sandbox } from "../../src/index.ts";
import { type AgentFault, createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { watchCalls } from "../support/calls.ts";
import { refusal } from "../support/refusal.ts";
import { killVm, waiting } from "../support/sandbox.ts";
import { editStored } from "../support/stored.ts";

const faults: AgentFault[] = [];
let instance: TestInstance;
let sandbox: Sandbox;
beforeEach(async () => {
  faults.length = 0;
  instance = await createTestInstance({ agent: { faults } });
  sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
});
afterEach(async () => {
  await sandbox.release();
  await instance[Symbol.asyncDispose]();
});

const often = { intervalMs: 1, answerMs: 50 };

/** Settles when the agent has been asked so many times more. */
function asked(times: number, at = "Check"): Promise<void> {
  const calls = watchCalls(at);
  faults.push(calls.fault);
  return calls.asked(times);
}

test("tells a dead VM, and ends", async () => {
  const problems = sandbox.monitor(often);
  const first = problems.next();
  await asked(2);
  await killVm(instance, "sb");
  const { value } = await first;
  expect(isVirtError(value, "SANDBOX_DEAD")).toBe(true);
  expect(value).toMatchObject({ sandboxId: "sb" });
  expect((await problems.next()).done).toBe(true);
});

test("tells it to every process that monitors, and ends their calls", async () => {
  const inGuest = asked(1, "WaitProcess");
  const waited = sandbox.waitProcess("c1", "c1");
  waited.catch(() => {});
  await inGuest;
  await using other = await instance.another().fetchSandbox("sb");
  const others = other.monitor(often).next();
  const first = sandbox.monitor(often).next();
  await asked(4);
  await killVm(instance, "sb");
  expect((await first).value).toMatchObject({ code: "SANDBOX_DEAD" });
  expect((await others).value).toMatchObject({ code: "SANDBOX_DEAD" });
  expect((await refusal(waited)).code).toBe("SANDBOX_DEAD");
});

test("tells a frozen agent once, and again when it freezes again; nothing is killed", async () => {
  const problems = sandbox.monitor(often);
  faults.push({ at: "Check", does: { kind: "hang" } });
  const { value } = await problems.next();
  expect(value).toMatchObject({ code: "TIMEOUT", sandboxId: "sb", phase: "agent.Check" });
  faults.length = 0;
  const second = problems.next();
  await asked(3);
  faults.push({ at: "Check", does: { kind: "hang" } });
  expect((await second).value).toMatchObject({ code: "TIMEOUT" });
  faults.length = 0;
  expect((await sandbox.exec(["echo", "alive"])).stdout).toBe("alive\n");
  await problems.return(undefined);
});

test("tells an agent that refuses, and one whose connection breaks", async () => {
  for (const does of [{ kind: "error", code: "internal" }, { kind: "cut" }] as const) {
    faults.splice(0, faults.length, { at: "Check", does });
    const problems = sandbox.monitor(often);
    expect((await problems.next()).value?.code).toMatch(/^(AGENT_ERROR|SANDBOX_DEAD)$/);
    await problems.return(undefined);
  }
});

test("takes a paused guest for no problem", async () => {
  editStored(instance, "sb", (stored) => {
    stored.state = "paused";
  });
  faults.push({ at: "Check", does: { kind: "hang" } });
  const problems = sandbox.monitor({ ...often, answerMs: 5, timeoutMs: 200 });
  expect((await refusal(problems.next())).code).toBe("TIMEOUT");
});

test("ends when the sandbox is stopped or deleted", async () => {
  for (const end of [() => sandbox.stop(), () => sandbox.delete({ force: true })]) {
    if ((await sandbox.status()).state === "stopped") await sandbox.start();
    const first = sandbox.monitor(often).next();
    await asked(1);
    await end();
    expect(await first).toEqual({ value: undefined, done: true });
    faults.length = 0;
  }
});

test("needs a VM, and options that can be", async () => {
  await sandbox.stop();
  expect((await refusal(sandbox.monitor().next())).code).toBe("INVALID_STATE");
  const wrong = sandbox.monitor({ intervalMs: 0 }).next();
  expect(await refusal(wrong)).toMatchObject({ code: "INVALID_ARGUMENT" });
});
