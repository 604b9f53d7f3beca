import { describe, expect, test } from "vitest";
import { resolveHypervisorConfig } from "../../src/operation/hypervisor-config.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const job = { id: "job", image: "busybox", cmd: { args: ["true"], detach: true } };

describe("what belongs to one sandbox", () => {
  test("comes to the guest by calls, and nothing of it stands on the kernel's command line", async () => {
    const resolved = resolveHypervisorConfig({}, undefined, {
      agentConfig: {},
      shared: false,
      logLimitMiB: 2,
    });
    expect(resolved.kernelParams).toEqual([]);
    await using instance = await createTestInstance();
    await using _sandbox = await instance.vc.createSandbox({
      id: "sb",
      containers: [job],
      exitWith: "job",
      logLimitMiB: 2,
    });
    expect(instance.agent("sb").requests("ConfigureSandbox")).toMatchObject([
      { exitWith: "job", logLimit: 2_097_152n - 65_536n },
    ]);
  });

  test("an agent that can't be told is used all the same, unless the machine is to end with a container", async () => {
    await using instance = await createTestInstance({ agent: { features: [] } });
    const { vc } = instance;
    const wrong = vc.createSandbox({ containers: [job], exitWith: "job" });
    expect(await refusal(wrong)).toMatchObject({
      code: "NOT_SUPPORTED",
      message: expect.stringContaining("exitWith: job"),
    });
    await using sandbox = await vc.runSandbox({ containers: [waiting], logLimitMiB: 1 });
    expect((await sandbox.status()).state).toBe("running");
  });
});
