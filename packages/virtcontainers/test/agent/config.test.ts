import { describe, expect, test } from "vitest";
import {
  kataAgentKernelParams,
  kataAgentSetDefaultTraceConfigOptions,
} from "../../src/agent/kernel-params.ts";
import type { VirtError } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

describe("what the agent reads from the kernel's command line", () => {
  test.each([
    [{}, []],
    [{ debug: true }, [{ key: "agent.log", value: "debug" }]],
    [{ trace: true }, [{ key: "agent.trace", value: "isolated" }]],
    [{ traceMode: "static" }, []],
    [{ trace: true, traceMode: "static" }, [{ key: "agent.trace", value: "isolated" }]],
    [
      { trace: true, traceMode: "static", traceType: "collated", containerPipeSize: 65536 },
      [
        { key: "agent.trace", value: "collated" },
        { key: "agent.container_pipe_size", value: "65536" },
      ],
    ],
  ] as const)("%j", (config, params) => {
    expect(kataAgentKernelParams(config)).toEqual(params);
  });
});

test("tracing has its defaults, and what it is not is left alone", () => {
  expect(kataAgentSetDefaultTraceConfigOptions({ trace: true })).toEqual({
    trace: true,
    traceMode: "static",
    traceType: "isolated",
  });
  expect(kataAgentSetDefaultTraceConfigOptions({ debug: true })).toEqual({ debug: true });
  expect(() =>
    kataAgentSetDefaultTraceConfigOptions({ trace: true, traceMode: "loud" } as object),
  ).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field: "agentConfig.traceMode" }));
});

describe("a sandbox", () => {
  const config = { id: "sb", containers: [waiting] };

  test("tells its guest which modules to load and who shares a pid namespace", async () => {
    await using instance = await createTestInstance();
    await using _sandbox = await instance.vc.runSandbox({
      ...config,
      agentConfig: { kernelModules: ["loop", "brd rd_nr=2  rd_size=1024"], longLiveConn: true },
      sharePidNs: true,
      stateful: true,
      experimental: [],
    });
    const agent = instance.agent("sb");
    expect(agent.requests("CreateSandbox")).toMatchObject([
      {
        sandboxPidns: true,
        kernelModules: [
          { name: "loop", parameters: [] },
          { name: "brd", parameters: ["rd_nr=2", "rd_size=1024"] },
        ],
      },
    ]);
    expect(agent.requests("CreateContainer")).toMatchObject([{ sandboxPidns: true }]);
  });

  test.each([
    ["agentConfig.traceMode", "INVALID_ARGUMENT", { agentConfig: { traceMode: "dynamic" } }],
    ["agentConfig.useVSock", "INVALID_ARGUMENT", { agentConfig: { useVSock: "yes" } }],
    ["agentConfig.longLiveConn", "INVALID_ARGUMENT", { agentConfig: { longLiveConn: false } }],
    [
      "agentConfig.kernelModules.0",
      "INVALID_ARGUMENT",
      { agentConfig: { kernelModules: ["../x"] } },
    ],
    [
      "agentConfig.containerPipeSize",
      "INVALID_ARGUMENT",
      { agentConfig: { containerPipeSize: 1 } },
    ],
    ["enableAgentPidNs", "INVALID_ARGUMENT", { enableAgentPidNs: true, sharePidNs: true }],
    ["experimental", "INVALID_ARGUMENT", { experimental: ["newstore"] }],
    ["stateful", "INVALID_ARGUMENT", { stateful: false }],
  ])("refuses %s by name: %s", async (field, code, wrong) => {
    await using instance = await createTestInstance();
    const error: VirtError = await refusal(
      instance.vc.runSandbox({ ...config, ...wrong } as object),
    );
    expect(error).toMatchObject({ code, field });
  });
});

test("without an agent everything is agreed to, and nothing happens", async () => {
  await using instance = await createTestInstance();
  await using sandbox = await instance.vc.runSandbox({
    id: "sb",
    agentType: "noop",
    containers: [waiting],
  });
  expect((await sandbox.status()).agent).toBe("noop");
  expect(await sandbox.exec(["anything"])).toMatchObject({ exitCode: 0, stdout: "" });
  await sandbox.pauseContainer("c1");
  await sandbox.resumeContainer("c1");
  expect((await sandbox.statsContainer("c1")).networkStats).toEqual([]);
  expect((await refusal(sandbox.getOOMEvent({ timeoutMs: 1 }))).code).toBe("TIMEOUT");
  expect(instance.agent("sb").connections).toBe(0);
  await sandbox.pause();
  await sandbox.resume();
  await sandbox.stop();
  await sandbox.start();
  await sandbox.cleanupContainer("c1", { force: true });
  expect(await instance.vc.listSandbox()).toEqual([]);
});
