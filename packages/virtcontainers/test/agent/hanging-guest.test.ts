import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Sandbox } from "../../src/index.ts";
import { type AgentFault, createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { watchCalls } from "../support/calls.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const hang = (at: string): AgentFault => ({ at, does: { kind: "hang" } });
const limit = { timeoutMs: 100 };

describe("a create whose guest hangs", () => {
  test.each([
    ["HELLO", "boot"],
    ["GetGuestDetails", "agent.createSandbox"],
    ["SetGuestDateTime", "agent.createSandbox"],
    ["CreateSandbox", "agent.createSandbox"],
    ["CreateContainer", "agent.createContainer"],
    ["StartContainer", "agent.startContainer"],
    ["ListProcesses", "agent.startContainer"],
  ])("in %s ends by its deadline, in the phase %s", async (at, phase) => {
    await using instance = await createTestInstance({ agent: { faults: [hang(at)] } });
    const error = await refusal(
      instance.vc.runSandbox({ containers: [waiting] }, { timeoutMs: 700 }),
    );
    expect(error).toMatchObject({ code: "TIMEOUT", phase });
    expect(error.message).toContain(phase);
    if (!at.startsWith("Start") && !at.startsWith("List"))
      expect(error.consoleTail).toBe("virtc-agent 0.0.0-test starting");
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("or whose hypervisor hangs, too", async () => {
    const untilAborted = (signal: AbortSignal | undefined): Promise<never> =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    await using instance = await createTestInstance({ failures: { started: untilAborted } });
    const error = await refusal(instance.vc.createSandbox({ containers: [waiting] }, limit));
    expect(error).toMatchObject({ code: "TIMEOUT", phase: "hypervisor.start" });
    expect(await leftovers(instance.folder)).toEqual([]);
  });
});

describe("a call whose guest hangs", () => {
  const faults: AgentFault[] = [];
  let instance: TestInstance;
  let sandbox: Sandbox;
  beforeEach(async () => {
    faults.length = 0;
    instance = await createTestInstance({ agent: { faults } });
    sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  });
  afterEach(async () => {
    faults.length = 0;
    await sandbox.release();
    await instance[Symbol.asyncDispose]();
  });

  test.each<[string, string, () => Promise<unknown>]>([
    ["ListProcesses", "status", () => sandbox.status(limit)],
    ["ListProcesses", "statusContainer", () => sandbox.statusContainer("c1", limit)],
    [
      "ExecProcess",
      "enterContainer",
      () => sandbox.enterContainer("c1", { args: ["true"] }, limit),
    ],
    ["SignalProcess", "killContainer", () => sandbox.killContainer("c1", 10, false, limit)],
    ["WaitProcess", "waitProcess", () => sandbox.waitProcess("c1", "c1", limit)],
    ["TtyWinResize", "winsizeProcess", () => sandbox.winsizeProcess("c1", "c1", 1, 1, limit)],
    ["SetOutput", "setOutput", () => sandbox.setOutput("c1", "c1", "log", limit)],
    [
      "CreateContainer",
      "createContainer",
      () => sandbox.createContainer({ ...waiting, id: "c2" }, limit),
    ],
    ["SignalProcess", "stopContainer", () => sandbox.stopContainer("c1", limit)],
    ["HELLO", "statusSandbox", () => instance.another().statusSandbox("sb", limit)],
  ])("in %s: %s ends by its deadline", async (at, name, call) => {
    faults.push(hang(at));
    const error = await refusal(call());
    expect(error).toMatchObject({ code: "TIMEOUT", sandboxId: "sb" });
    expect(error.message).toContain("did not finish within 100 ms");
    expect(error.phase).toBe(name === "statusSandbox" ? "status" : name);
    expect(error.consoleTail).toBe("virtc-agent 0.0.0-test starting");
  });

  test("exec ends by its deadline, whatever it hangs in", async () => {
    for (const at of ["ExecProcess", "WaitProcess", "ReadStdout", "ReadStderr"]) {
      faults.splice(0, faults.length, hang(at));
      const error = await refusal(sandbox.exec(["true"], limit));
      expect(error.code).toBe("TIMEOUT");
    }
  });

  test("the list shows its last known state", async () => {
    faults.push(hang("ListProcesses"));
    const found = await instance.vc.listSandbox({ timeoutMs: 2_000 });
    expect(found.map(({ state }) => state)).toEqual(["running"]);
  });

  test("a stop ends the VM all the same", async () => {
    faults.push(hang("*"));
    await sandbox.stop({ force: true });
    faults.length = 0;
    expect((await sandbox.status()).state).toBe("stopped");
  });

  test("a delete by force asks nobody", async () => {
    faults.push(hang("*"));
    await sandbox.delete({ force: true });
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("other callers and other processes are not held up", async () => {
    const waits = watchCalls("WaitProcess");
    faults.push(waits.fault, { at: "WaitProcess", nth: 1, does: { kind: "hang" } });
    const stuck = sandbox.waitProcess("c1", "c1");
    stuck.catch(() => {});
    await waits.asked(1);
    expect((await sandbox.exec(["echo", "hi"])).stdout).toBe("hi\n");
    expect((await instance.another().statusSandbox("sb")).state).toBe("running");
    await sandbox.release();
    expect((await refusal(stuck)).code).toBe("SANDBOX_DEAD");
  });

  test("a caller who gives up gets CANCELED with his reason", async () => {
    faults.push(hang("WaitProcess"));
    const controller = new AbortController();
    const waited = sandbox.waitProcess("c1", "c1", { signal: controller.signal });
    controller.abort(new Error("no more patience"));
    expect(await refusal(waited)).toMatchObject({
      code: "CANCELED",
      phase: "waitProcess",
      cause: new Error("no more patience"),
    });
  });
});
