import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Sandbox, VirtContainers } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await createTestInstance();
  await (await instance.vc.runSandbox({ id: "sb", containers: [waiting] })).release();
});
afterAll(async () => await instance[Symbol.asyncDispose]());

describe("a form by id", () => {
  test("does what the method of the sandbox does, and gives what it gives", async () => {
    const { vc } = instance;
    await using sandbox = await vc.fetchSandbox("sb");
    expect(await vc.statusContainer("sb", "c1")).toEqual(await sandbox.statusContainer("c1"));
    await vc.setAnnotations("sb", { a: "b" });
    expect((await sandbox.status()).annotations).toEqual({ a: "b" });
    expect(await vc.consoleTail("sb", 1)).toBe(await sandbox.consoleTail(1));
  });

  test("hands the options on to the search for the sandbox, wherever they stand", async () => {
    const { vc } = instance;
    const options = { signal: AbortSignal.abort() };
    for (const call of [
      vc.metrics("sb", options),
      vc.pauseContainer("sb", "c1", options),
      vc.updateContainer("sb", "c1", {}, options),
      vc.killContainer("sb", "c1", "SIGTERM", false, options),
      vc.winsizeProcess("sb", "c1", "c1", 1, 1, options),
      vc.logs("sb", "c1", options).next(),
      vc.monitor("sb", options).next(),
    ]) {
      expect(await refusal(call)).toMatchObject({ code: "CANCELED", phase: "fetch" });
    }
  });

  test("gives back the connection when its work is done, or has failed", async () => {
    const { vc } = instance;
    const ports = instance.hypervisor.capabilities.agentClients;
    for (let i = 0; i <= ports; i++) {
      await vc.metrics("sb");
      await refusal(vc.pauseContainer("sb", "other"));
    }
  });

  test("is a method like any other", () => {
    for (const name of ["logs", "startContainer", "copyTo"] as const) {
      expect(VirtContainers.prototype[name].name).toBe(name);
      expect(Sandbox.prototype[name]).toBeTypeOf("function");
      expect(Object.keys(VirtContainers.prototype)).not.toContain(name);
    }
  });
});
