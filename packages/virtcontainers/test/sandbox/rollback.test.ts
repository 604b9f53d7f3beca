import { describe, expect, test } from "vitest";
import { createFaultyHost, type Fault } from "../../src/host/faulty.ts";
import { createHost } from "../../src/host/real.ts";
import { VirtError } from "../../src/index.ts";
import {
  type AgentFault,
  createTestInstance,
  type TestInstanceOptions,
} from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";

const config = {
  id: "rollback",
  containers: [
    { id: "c1", image: "busybox", waits: true },
    { id: "c2", image: "busybox", scratchMiB: 16, cmd: { args: ["sleep", "infinity"] } },
  ],
};

interface Call {
  at: string;
  nth: number;
}

/** The calls of a create, and apart from them those that only tell of it. */
async function passedByRun(): Promise<{ passed: Call[]; tells: Call[] }> {
  const passed: Call[] = [];
  const tells: Call[] = [];
  let listening = true;
  let telling = false;
  const host = createFaultyHost(createHost(), [], (at, nth) => {
    if (!listening) return;
    const tell = telling || at === "failpoint:events.append";
    telling = tell && at !== "locks.acquire";
    (tell ? tells : passed).push({ at, nth });
  });
  await using instance = await createTestInstance({ host });
  const sandbox = await instance.vc.runSandbox(config);
  listening = false;
  await sandbox.release();
  return { passed, tells };
}

/** Runs a create that has to fail, and gives the error; nothing of it may be left. */
async function failedRun(options: TestInstanceOptions): Promise<VirtError> {
  await using instance = await createTestInstance(options);
  const error = await refusal(instance.vc.runSandbox(config));
  expect(await leftovers(instance.folder)).toEqual([]);
  expect(await instance.vc.listSandbox()).toEqual([]);
  return error;
}

const { passed, tells } = await passedByRun();

test("a create whose events can't be told succeeds", async () => {
  const locks = tells.filter(({ at }) => at === "locks.acquire");
  expect(locks.length).toBe(6);
  const fault = new VirtError("HOST_FAILED", "a fault of the test");
  const faults = locks.map((call): Fault => ({ ...call, with: fault }));
  await using instance = await createTestInstance({ host: createFaultyHost(createHost(), faults) });
  await using sandbox = await instance.vc.runSandbox(config);
  expect((await sandbox.status()).state).toBe("running");
});

describe("a create that fails at a call to the host leaves nothing", () => {
  test("there are many such calls", () => expect(passed.length).toBeGreaterThan(30));

  test.each(
    passed.map(({ at, nth }): [string, Fault] => [
      `${at} (${nth})`,
      { at, nth, with: new VirtError("HOST_FAILED", "a fault of the test") },
    ]),
  )("%s", async (_name, fault) => {
    const error = await failedRun({ host: createFaultyHost(createHost(), [fault]) });
    expect(error.message).toContain("a fault of the test");
  });
});

describe("a create that fails in the hypervisor leaves nothing", () => {
  const failure = new VirtError("HYPERVISOR_FAILED", "a fault of the test");
  test.each(["validate", "start", "started", "connectAgent"] as const)("%s", async (call) => {
    const error = await failedRun({ failures: { [call]: failure } });
    expect(error).toMatchObject({ code: "HYPERVISOR_FAILED", message: "a fault of the test" });
  });
});

describe("a create that the guest fails leaves nothing", () => {
  const methods = [
    "GetGuestDetails",
    "SetGuestDateTime",
    "CreateSandbox",
    "CreateContainer",
    "StartContainer",
    "ListProcesses",
  ];
  test.each(methods)("an error of %s", async (at) => {
    const faults: AgentFault[] = [{ at, does: { kind: "error", code: "internal", message: "no" } }];
    const error = await failedRun({ agent: { faults } });
    expect(error.code).toBe("AGENT_ERROR");
    expect(error.message).toBe(`the guest agent refused ${at}: no`);
  });

  test("an error of the second container only", async () => {
    const faults: AgentFault[] = [
      { at: "CreateContainer", nth: 2, does: { kind: "error", code: "internal" } },
    ];
    expect((await failedRun({ agent: { faults } })).containerId).toBe("c2");
  });

  test.each(["HELLO", ...methods.slice(0, 4)])("the VM dies in %s", async (at) => {
    const faults: AgentFault[] = [{ at, does: { kind: "cut" } }];
    const error = await failedRun({ agent: { faults } });

    expect(error.code).toBe("BOOT_FAILED");
    expect(error.consoleTail).toBe("virtc-agent 0.0.0-test starting");
  });
});
