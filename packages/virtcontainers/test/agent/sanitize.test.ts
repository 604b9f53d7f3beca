import { describe, expect, test } from "vitest";
import { createTestInstance, type TestAgentOptions } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

type Answers = NonNullable<TestAgentOptions["answers"]>;

async function sandboxWith(answers: Answers) {
  const instance = await createTestInstance({ agent: { answers } });
  const sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  return { instance, sandbox };
}

describe("what a guest counts", () => {
  test("is cut to what a number can be, and its texts are safe to print", async () => {
    const huge = 2n ** 64n - 1n;
    const { instance, sandbox } = await sandboxWith({
      statsContainer: () => ({
        cgroupStats: {
          cpuStats: { cpuUsage: { totalUsage: huge, percpuUsage: [1n, huge] } },
          memoryStats: { usage: { usage: 7n, limit: huge }, stats: { "\u001b[2Janon": 3n } },
          hugetlbStats: { "2MB": { usage: 2n } },
          blkioStats: { ioServicedRecursive: [{ major: 8n, op: "read\u0007", value: huge }] },
        },
        networkStats: [{ name: `eth0\u001b${"x".repeat(1000)}`, rxBytes: 5n }],
      }),
    });
    await using _instance = instance;
    await using _sandbox = sandbox;
    const max = Number.MAX_SAFE_INTEGER;
    const { cgroupStats, networkStats } = await sandbox.statsContainer("c1");
    expect(cgroupStats).toMatchObject({
      cpuStats: { cpuUsage: { totalUsage: max, percpuUsage: [1, max], usageInKernelmode: 0 } },
      memoryStats: { usage: { usage: 7, limit: max }, stats: { "\ufffd[2Janon": 3 } },
      hugetlbStats: { "2MB": { usage: 2, maxUsage: 0 } },
      blkioStats: { ioServicedRecursive: [{ major: 8, minor: 0, op: "read\ufffd", value: max }] },
    });
    expect(networkStats[0]).toMatchObject({ rxBytes: 5, txBytes: 0 });
    expect(networkStats[0]?.name).toMatch(/^eth0\ufffdx+$/);
    expect(networkStats[0]?.name.length).toBeLessThan(300);
  });

  test("is refused where it is more than a guest can have", async () => {
    const { instance, sandbox } = await sandboxWith({
      statsContainer: () => ({ networkStats: Array.from({ length: 5000 }, () => ({ name: "x" })) }),
      getMetrics: () => ({ metrics: "x".repeat(2 * 1024 * 1024) }),
      getOOMEvent: () => ({ containerId: "../../etc" }),
      getIPTables: () => ({ data: new Uint8Array(2 * 1024 * 1024) }),
      listInterfaces: () => ({ Interfaces: Array.from({ length: 5000 }, () => ({})) }),
      listRoutes: () => ({ Routes: Array.from({ length: 5000 }, () => ({})) }),
      getDiagnosticData: () => ({ data: "y".repeat(2 * 1024 * 1024) }),
    });
    await using _instance = instance;
    await using _sandbox = sandbox;
    for (const call of [
      () => sandbox.statsContainer("c1"),
      () => sandbox.metrics(),
      () => sandbox.getOOMEvent(),
      () => sandbox.getIPTables(false),
      () => sandbox.diagnosticData("log", "c1"),
      () => sandbox.listInterfaces(),
      () => sandbox.listRoutes(),
    ])
      expect(await refusal(call())).toMatchObject({ code: "PROTOCOL_VIOLATION", sandboxId: "sb" });
  });
});

test("a guest is asked for its volumes, its packet filter and its metrics", async () => {
  await using instance = await createTestInstance();
  await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  await sandbox.resizeGuestVolume("/data", 4096);
  expect(await sandbox.guestVolumeStats("/data")).toEqual({
    usage: [{ total: 4096, available: 4096, used: 0, unit: "bytes" }],
    condition: { abnormal: false, message: "OK" },
  });
  await sandbox.setIPTables(true, "*filter\nCOMMIT\n");
  expect(await sandbox.getIPTables(true)).toBe("*filter\nCOMMIT\n");
  expect(await sandbox.getIPTables(false)).toBe("");
  expect(await sandbox.metrics()).toContain("virtc_containers 1\n");
  expect(await refusal(sandbox.guestVolumeStats("data"))).toMatchObject({ field: "guestPath" });
  await sandbox.setAnnotations({ a: "1", b: "2" });
  await sandbox.setAnnotations({ b: "3" });
  expect(sandbox.annotations).toEqual({ a: "1", b: "3" });
  expect((await instance.another().statusSandbox("sb")).annotations).toEqual({ a: "1", b: "3" });
  const { sandboxStats, containerStats } = await instance.vc.statsSandbox("sb");
  expect(sandboxStats.cpus).toBe(1);
  expect(sandboxStats.cgroupStats.memoryStats.usage.usage).toBeGreaterThan(0);
  expect(containerStats).toMatchObject([{ cgroupStats: { pidsStats: { current: 1 } } }]);
});
