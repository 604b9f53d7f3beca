import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { VirtError } from "../../src/index.ts";
import { growthStep } from "../../src/resources/growth-step.ts";
import {
  createTestInstance,
  type TestInstance,
  type TestInstanceOptions,
} from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { storedPath } from "../support/stored.ts";

const mib = 1024 * 1024;
const waits = { image: "busybox", waits: true } as const;
const features = ["processes", "virtcontainers", "cpus"];
const withCpus: TestInstanceOptions = { agent: { features } };
const largest = { defaultMaxVCPUs: 8, defaultMaxMemoryMiB: 4096 };

async function sizeOf(instance: TestInstance, id: string) {
  return (await instance.vc.statusSandbox(id)).size;
}

describe("the size that a VM boots with", () => {
  test("is that of the configuration where no container has a limit", async () => {
    await using instance = await createTestInstance();
    const hypervisorConfig = { numVCPUs: 1, memoryMiB: 300 };
    await instance.vc.createSandbox({
      id: "sb",
      hypervisorConfig,
      containers: [{ id: "c1", ...waits }],
    });
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 1, memoryMiB: 300 });
  });

  test("grows by the limits of its containers, unless it is managed by its owner", async () => {
    await using instance = await createTestInstance();
    const config = {
      hypervisorConfig: { memoryMiB: 256, ...largest },
      containers: [
        { id: "c1", ...waits, resources: { memory: { limit: 128 * mib } } },
        { id: "c2", ...waits, resources: { cpu: { quota: 150_000, period: 100_000 } } },
      ],
    };
    await instance.vc.createSandbox({ id: "sums", ...config });
    expect(await sizeOf(instance, "sums")).toEqual({ cpus: 3, memoryMiB: 384 });
    await instance.vc.createSandbox({ id: "static", staticResourceMgmt: true, ...config });
    expect(await sizeOf(instance, "static")).toEqual({ cpus: 1, memoryMiB: 256 });
  });
});

describe("containers that come and go", () => {
  test("make the VM grow, and give CPUs back", async () => {
    await using instance = await createTestInstance(withCpus);
    const { vc } = instance;
    const sandbox = await vc.runSandbox({ id: "sb", hypervisorConfig: largest, containers: [] });
    const resources = { cpu: { quota: 200_000, period: 100_000 }, memory: { limit: 64 * mib } };
    await sandbox.createContainer({ id: "c1", ...waits, resources });
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 3, memoryMiB: 320 });
    await sandbox.startContainer("c1");
    await sandbox.stopContainer("c1");
    // Memory that was plugged in as a module can't be taken out for good.
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 1, memoryMiB: 320 });
    await sandbox.startContainer("c1");
    expect((await sizeOf(instance, "sb"))?.cpus).toBe(3);
    await sandbox.stopContainer("c1");
    await sandbox.deleteContainer("c1");
    await sandbox.stop();
    await sandbox.start();
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 1, memoryMiB: 256 });
  });

  test("without limits ask nothing of the VM", async () => {
    await using instance = await createTestInstance({
      failures: {
        resizeCpus: new VirtError("HYPERVISOR_FAILED", "nobody asked"),
        resizeMemory: new VirtError("HYPERVISOR_FAILED", "nobody asked"),
      },
    });
    const sandbox = await instance.vc.runSandbox({ id: "sb", containers: [] });
    await sandbox.createContainer({ id: "c1", ...waits });
    await sandbox.startContainer("c1");
    await sandbox.stopContainer("c1");
    await sandbox.deleteContainer("c1");
  });

  test("a VM that can't grow fails the create, which leaves nothing", async () => {
    await using instance = await createTestInstance({
      failures: { resizeCpus: new VirtError("HYPERVISOR_FAILED", "no more CPUs") },
    });
    const sandbox = await instance.vc.runSandbox({
      id: "sb",
      hypervisorConfig: largest,
      containers: [],
    });
    const resources = { cpu: { quota: 200_000, period: 100_000 } };
    const error = await refusal(sandbox.createContainer({ id: "c1", ...waits, resources }));
    expect(error.message).toBe("no more CPUs");
    expect(sandbox.containers()).toEqual([]);
  });

  test("a cpuset beyond what the guest can have is refused by name", async () => {
    await using instance = await createTestInstance();
    const create = instance.vc.createSandbox({
      hypervisorConfig: { defaultMaxVCPUs: 2 },
      containers: [{ id: "c1", ...waits, resources: { cpu: { cpus: "0-2" } } }],
    });
    expect(await refusal(create)).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "resources.cpu.cpus",
    });
    expect(await instance.vc.listSandbox()).toEqual([]);
  });
});

describe("a resize", () => {
  test("changes the VM while it runs, and outlives a restart", async () => {
    await using instance = await createTestInstance(withCpus);
    const { vc } = instance;
    await vc.runSandbox({
      id: "sb",
      hypervisorConfig: largest,
      containers: [{ id: "c1", ...waits }],
    });
    expect(await vc.resizeSandbox("sb", { cpus: 2, memoryMiB: 1024 })).toEqual({
      cpus: 2,
      memoryMiB: 1024,
    });
    expect(instance.agent("sb").cpus).toBe(2);
    expect((await vc.statsSandbox("sb")).sandboxStats.cpus).toBe(2);
    const format = { format: "table" as const, args: ["-o", "pmem"] };
    // 1 MiB of what the guest has now.
    expect(await vc.processListContainer("sb", "c1", format)).toMatch(/^%MEM\n +0\.1\n$/);
    expect(await vc.resizeSandbox("sb", { cpus: 1 })).toEqual({ cpus: 1, memoryMiB: 1024 });
    expect(instance.agent("sb").cpus).toBe(1);
    await vc.stopSandbox("sb");
    await vc.startSandbox("sb");
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 1, memoryMiB: 1024 });
  });

  test("holds with what containers ask for later", async () => {
    await using instance = await createTestInstance(withCpus);
    const sandbox = await instance.vc.runSandbox({
      id: "sb",
      hypervisorConfig: { memoryMiB: 256, ...largest },
      containers: [{ id: "c1", ...waits, resources: { memory: { limit: 100 * mib } } }],
    });
    await sandbox.resize({ memoryMiB: 512 });
    await sandbox.updateContainer("c1", { memory: { limit: 150 * mib } });
    expect((await sizeOf(instance, "sb"))?.memoryMiB).toBe(562);
  });

  test.each<[object, string, string]>([
    [{}, "INVALID_ARGUMENT", "cpus or memoryMiB"],
    [{ cpus: 0 }, "INVALID_ARGUMENT", "from 1 to 240"],
    [{ cpus: 1.5 }, "INVALID_ARGUMENT", "whole number"],
    [{ memoryMiB: 63 }, "INVALID_ARGUMENT", "from 64"],
    [{ cpus: 9 }, "NOT_SUPPORTED", "more than the 8"],
    [{ memoryMiB: 4097 }, "NOT_SUPPORTED", "more than the 4096"],
    [{ cpus: 1, memoryMiB: 9000 }, "NOT_SUPPORTED", "more than the 4096"],
  ])("%j is refused, and nothing is changed", async (size, code, text) => {
    await using instance = await createTestInstance(withCpus);
    const hypervisorConfig = { numVCPUs: 1, ...largest };
    await instance.vc.runSandbox({
      id: "sb",
      hypervisorConfig,
      containers: [{ id: "c1", ...waits }],
    });
    const error = await refusal(instance.vc.resizeSandbox("sb", size));
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 1, memoryMiB: 256 });
  });

  test("an agent that can't take CPUs out of use is told of", async () => {
    await using instance = await createTestInstance();
    await instance.vc.runSandbox({ id: "sb", hypervisorConfig: largest, containers: [] });
    await instance.vc.resizeSandbox("sb", { cpus: 3 });
    expect(instance.agent("sb").cpus).toBe(3);
    const error = await refusal(instance.vc.resizeSandbox("sb", { cpus: 1 }));
    expect(error).toMatchObject({ code: "NOT_SUPPORTED", field: "cpus" });
  });

  test("that fails half way tells what the VM has now, and keeps it over later changes and restarts", async () => {
    await using instance = await createTestInstance({
      ...withCpus,
      failures: { resizeCpus: new VirtError("HYPERVISOR_FAILED", "no more CPUs") },
    });
    const hypervisorConfig = { memoryMiB: 256, ...largest };
    const containers = [{ id: "c1", ...waits }];
    const sandbox = await instance.vc.runSandbox({ id: "sb", hypervisorConfig, containers });
    const error = await refusal(sandbox.resize({ cpus: 2, memoryMiB: 512 }));
    expect(error).toMatchObject({
      code: "HYPERVISOR_FAILED",
      message: "no more CPUs; the VM has 512 MiB and 1 CPU now",
    });
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 1, memoryMiB: 512 });
    await sandbox.updateContainer("c1", { memory: { limit: 64 * mib } });
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 1, memoryMiB: 576 });
    await sandbox.stop();
    await sandbox.start();
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 1, memoryMiB: 576 });
  });

  test.each([
    ["SetOnlineCpus", withCpus],
    ["OnlineCPUMem", {}],
  ])("tells what a guest needs whose kernel leaves new CPUs out, by %s", async (at, options) => {
    const fault = { at, does: { kind: "error", code: "internal" } } as const;
    const agent = "agent" in options ? options.agent : {};
    await using instance = await createTestInstance({ agent: { ...agent, faults: [fault] } });
    const hypervisorConfig = { memoryMiB: 256, ...largest };
    const sandbox = await instance.vc.runSandbox({ id: "sb", hypervisorConfig, containers: [] });
    const error = await refusal(sandbox.resize({ cpus: 2 }));
    expect(error).toMatchObject({
      code: "AGENT_ERROR",
      hint: expect.stringContaining("it needs KVM, the tuned kernel or Linux 6.1"),
    });
  });

  test("of a stopped sandbox is refused with both states", async () => {
    await using instance = await createTestInstance();
    const sandbox = await instance.vc.runSandbox({ id: "sb", containers: [] });
    await sandbox.stop();
    expect((await refusal(sandbox.resize({ cpus: 1 }))).code).toBe("INVALID_STATE");
  });

  test("a VM can grow to the host's memory and up to 8 of its CPUs, if nothing else is said", async () => {
    await using instance = await createTestInstance(withCpus);
    await instance.vc.runSandbox({ id: "sb", containers: [] });
    const most = Math.min(availableParallelism(), 8);
    const memoryMiB = Math.floor(totalmem() / mib);
    expect(await instance.vc.resizeSandbox("sb", { cpus: most, memoryMiB })).toEqual({
      cpus: most,
      memoryMiB,
    });
    expect((await refusal(instance.vc.resizeSandbox("sb", { cpus: most + 1 }))).hint).toContain(
      "defaultMaxVCPUs",
    );
  });
});

describe("an update of a container", () => {
  const resources = { cpu: { shares: 512 }, memory: { limit: 64 * mib }, pids: { limit: 50 } };

  async function started(): Promise<TestInstance> {
    const instance = await createTestInstance(withCpus);
    const hypervisorConfig = { memoryMiB: 256, ...largest };
    await instance.vc.runSandbox({
      id: "sb",
      hypervisorConfig,
      containers: [{ id: "c1", ...waits, resources }],
    });
    return instance;
  }

  test("reaches the guest with what was there before, and the VM follows", async () => {
    await using instance = await started();
    const { vc } = instance;
    await vc.updateContainer("sb", "c1", {
      memory: { limit: 128 * mib },
      cpu: { quota: 100_000, period: 100_000 },
    });
    expect(await sizeOf(instance, "sb")).toEqual({ cpus: 2, memoryMiB: 384 });
    expect(instance.agent("sb").containers.get("c1")?.resources).toMatchObject({
      Memory: { Limit: BigInt(128 * mib) },
      CPU: { Shares: 512n, Quota: 100_000n },
      Pids: { Limit: 50n },
    });
    const told: (string | undefined)[] = [];
    const signal = AbortSignal.timeout(20_000);
    for await (const event of vc.events({
      sandboxId: "sb",
      types: ["updated"],
      since: new Date(0),
      signal,
    })) {
      told.push(event.containerId);
      break;
    }
    expect(told).toEqual(["c1"]);
    await vc.updateContainer("sb", "c1", { cpu: { quota: -1 } });
    expect((await sizeOf(instance, "sb"))?.cpus).toBe(1);
  });

  test.each([
    [{ cpu: { quota: 5 } }, "resources.cpu.quota"],
    [{ cpu: { period: 2_000_000 } }, "resources.cpu.period"],
    [{ cpu: { shares: 1 } }, "resources.cpu.shares"],
    [{ cpu: { cpus: "3-1" } }, "resources.cpu.cpus"],
    [{ memory: { limit: -2 } }, "resources.memory.limit"],
    [{ pids: { limit: -2 } }, "resources.pids.limit"],
  ])("%j is refused by its field", async (change, field) => {
    await using instance = await started();
    expect(await refusal(instance.vc.updateContainer("sb", "c1", change))).toMatchObject({
      code: "INVALID_ARGUMENT",
      field,
    });
  });

  test("that the guest refuses leaves the limits as they were", async () => {
    await using instance = await createTestInstance({
      agent: {
        features,
        faults: [{ at: "UpdateContainer", does: { kind: "error", code: "internal" } }],
      },
    });
    const { vc } = instance;
    await vc.runSandbox({
      id: "sb",
      hypervisorConfig: largest,
      containers: [{ id: "c1", ...waits, resources }],
    });
    const change = { cpu: { quota: 200_000, period: 100_000 } };
    expect((await refusal(vc.updateContainer("sb", "c1", change))).code).toBe("AGENT_ERROR");
    expect((await sizeOf(instance, "sb"))?.cpus).toBe(1);
  });

  test("of a stopped container is refused", async () => {
    await using instance = await started();
    await instance.vc.stopContainer("sb", "c1");
    const update = instance.vc.updateContainer("sb", "c1", { pids: { limit: 9 } });
    expect((await refusal(update)).code).toBe("INVALID_STATE");
  });
});

test("a small guest grows far in steps, of which each needs no more than half of what it can spare", async () => {
  const steps: number[] = [];
  let available = 180 * mib;
  await using instance = await createTestInstance({
    agent: {
      answers: {
        getMetrics: () => ({ metrics: `kata_guest_meminfo{item="memavailable"} ${available}\n` }),
      },
    },
    failures: {
      resizeMemory: () => {
        const stored: unknown = JSON.parse(readFileSync(storedPath(instance, "sb"), "utf8"));
        steps.push(
          v.parse(v.object({ size: v.object({ memoryMiB: v.number() }) }), stored).size.memoryMiB,
        );
        available += 1024 * mib;
      },
    },
  });
  const hypervisorConfig = { memoryMiB: 256, defaultMaxMemoryMiB: 16_384 };
  await using sandbox = await instance.vc.runSandbox({
    id: "sb",
    hypervisorConfig,
    containers: [],
  });
  expect(await sandbox.resize({ memoryMiB: 14_336 })).toMatchObject({ memoryMiB: 14_336 });
  // (180 - 32) / 2 MiB keep track of 37 blocks of 128 MiB.
  expect(steps).toEqual([256, 256 + 37 * 128]);
});

test.each([
  [256, 148, 4736],
  [256, undefined, 4096],
  [64, 0, 128],
  [64, 3, 128],
])("a guest of %i MiB that can spare %s is given %i MiB at once", (has, spare, step) => {
  expect(growthStep(has, spare)).toBe(step);
});

test("a container's change names no more than it says, and nothing that the VM or the kernel has not", async () => {
  await using instance = await createTestInstance(withCpus);
  const { vc } = instance;
  const cpu = { quota: 50_000, period: 50_000, cpus: "0" };
  const containers = [{ id: "c1", ...waits, resources: { cpu } }];
  await vc.runSandbox({ id: "sb", staticResourceMgmt: true, containers });
  await vc.updateContainer("sb", "c1", { cpu: { quota: -1, period: undefined } });
  // crun takes a limit away only where it is told a period.
  expect(instance.agent("sb").containers.get("c1")?.resources).toMatchObject({
    CPU: { Quota: -1n, Period: 50_000n, Cpus: "0" },
  });
  const refusals = [
    [{ cpu: { cpus: "0-1" } }, "resources.cpu.cpus"],
    [{ memory: { swap: 2 ** 30 } }, "resources.memory.swap"],
    [{ memory: { limit: 2 ** 30, swap: 2 ** 29 } }, "resources.memory.swap"],
  ] as const;
  for (const [change, field] of refusals) {
    const error = await refusal(vc.updateContainer("sb", "c1", change), "INVALID_ARGUMENT");
    expect(error.field).toBe(field);
  }
});
