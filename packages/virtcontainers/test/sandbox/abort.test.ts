import { describe, expect, test } from "vitest";
import { createFaultyHost } from "../../src/host/faulty.ts";
import { createHost } from "../../src/host/real.ts";
import { type AgentFault, createTestInstance, type MockFailure } from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const config = { id: "sb", containers: [{ ...waiting, scratchMiB: 16 }] };
const reason = new Error("changed my mind");

describe("a create that is called off", () => {
  test("before it begins takes nothing", async () => {
    const passed: string[] = [];
    const host = createFaultyHost(createHost(), [], (at) => passed.push(at));
    await using instance = await createTestInstance({ host });
    const error = await refusal(
      instance.vc.createSandbox(config, { signal: AbortSignal.abort(reason) }),
    );
    expect(error).toMatchObject({ code: "CANCELED", cause: reason, isCanceled: true });
    expect(passed.filter((at) => at.startsWith("failpoint:"))).toEqual([]);
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("while the VM starts", async () => {
    const controller = new AbortController();
    const started: MockFailure = () => controller.abort(reason);
    await using instance = await createTestInstance({ failures: { started } });
    const error = await refusal(instance.vc.createSandbox(config, { signal: controller.signal }));
    expect(error).toMatchObject({ code: "CANCELED", cause: reason });
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test.each(["HELLO", "CreateSandbox", "CreateContainer", "StartContainer", "ListProcesses"])(
    "while the guest is in %s",
    async (at) => {
      const controller = new AbortController();
      const faults: AgentFault[] = [];
      const reached = new Promise<void>((resolve) => {
        faults.push({ at, does: { kind: "call", back: resolve } }, { at, does: { kind: "hang" } });
      });
      await using instance = await createTestInstance({ agent: { faults } });
      const run = instance.vc.runSandbox(config, { signal: controller.signal });
      run.catch(() => {});
      await reached;
      controller.abort(reason);
      expect(await refusal(run)).toMatchObject({ code: "CANCELED", cause: reason });
      expect(await leftovers(instance.folder)).toEqual([]);
    },
  );

  test("at any call to the host", async () => {
    const passed: [string, number][] = [];
    let listening = true;
    {
      const host = createFaultyHost(createHost(), [], (at, nth) => {
        if (listening) passed.push([at, nth]);
      });
      await using instance = await createTestInstance({ host });
      const sandbox = await instance.vc.createSandbox(config);
      listening = false;
      await sandbox.delete();
    }
    for (const [at, nth] of passed) {
      const controller = new AbortController();
      const host = createFaultyHost(createHost(), [], (point, count) => {
        if (point === at && count === nth) controller.abort(reason);
      });
      await using instance = await createTestInstance({ host });
      await instance.vc.createSandbox(config, { signal: controller.signal }).then(
        (sandbox) => sandbox.delete({ force: true }),
        (error: unknown) => expect(error, `${at} (${nth})`).toMatchObject({ code: "CANCELED" }),
      );
      expect(await leftovers(instance.folder), `${at} (${nth})`).toEqual([]);
    }
  });
});

test.each([0, -1, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY])(
  "a deadline of %d ms is refused",
  async (timeoutMs) => {
    await using instance = await createTestInstance();
    for (const call of [
      () => instance.vc.createSandbox(config, { timeoutMs }),
      () => instance.vc.listSandbox({ timeoutMs }),
      () => instance.vc.stopSandbox("sb", { timeoutMs }),
      () => instance.vc.deleteSandbox("sb", { timeoutMs, force: true }),
      () => instance.vc.reclaim(undefined, { timeoutMs }),
    ]) {
      expect(await refusal(call())).toMatchObject({ code: "INVALID_ARGUMENT", field: "timeoutMs" });
    }
  },
);

describe("an operation that is called off", () => {
  test("while another process holds the sandbox", async () => {
    await using instance = await createTestInstance();
    await using _sandbox = await instance.vc.runSandbox(config);
    const lock = await createHost().locks.acquire(
      `${instance.folder}/state/sbs/sb/lock`,
      "exclusive",
    );
    const timedOut = await refusal(instance.vc.statusSandbox("sb", { timeoutMs: 50 }));
    expect(timedOut.code).toBe("TIMEOUT");
    const controller = new AbortController();
    const stopped = instance.vc.stopSandbox("sb", { signal: controller.signal });
    stopped.catch(() => {});
    controller.abort(reason);
    expect((await refusal(stopped)).code).toBe("CANCELED");
    lock?.release();
    expect((await instance.vc.statusSandbox("sb")).state).toBe("running");
  });

  test("a createContainer gives its disk back", async () => {
    const faults: AgentFault[] = [];
    await using instance = await createTestInstance({ agent: { faults } });
    await using sandbox = await instance.vc.runSandbox(config);
    const before = await leftovers(instance.folder);
    const status = await sandbox.status();
    const controller = new AbortController();
    const reached = new Promise<void>((resolve) => {
      const at = "CreateContainer";
      faults.push({ at, does: { kind: "call", back: resolve } }, { at, does: { kind: "hang" } });
    });
    const created = sandbox.createContainer(
      { ...waiting, id: "late", scratchMiB: 16 },
      { signal: controller.signal },
    );
    created.catch(() => {});
    await reached;
    controller.abort(reason);
    expect(await refusal(created)).toMatchObject({ code: "CANCELED" });
    faults.length = 0;
    expect(await sandbox.status()).toEqual(status);
    expect(await leftovers(instance.folder)).toEqual(before);
    await sandbox.createContainer({ ...waiting, id: "late" });
  });
});
