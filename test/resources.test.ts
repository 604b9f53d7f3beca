import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import type { Sandbox, VirtError } from "virtcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

const mib = 1024 * 1024;
let instance: TestInstance;

beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

/** What a command in the first container prints. */
async function said(sandbox: Sandbox, script: string): Promise<string> {
  return (await sandbox.exec(["sh", "-c", script], { check: true })).stdout.trim();
}

/** CPUs in use, and MiB of memory that the guest's kernel has to give. */
async function seen(sandbox: Sandbox): Promise<{ cpus: number; memoryMiB: number }> {
  const text = await said(sandbox, "grep -c ^processor /proc/cpuinfo; head -1 /proc/meminfo");
  const [cpus = "", memory = ""] = text.split("\n");
  return { cpus: Number(cpus), memoryMiB: Number(/\d+/.exec(memory)) / 1024 };
}

test.skipIf(totalmem() < 16 * 1024 * mib)(
  "a small sandbox grows to 14 GiB, and lives (needs 16 GiB of memory)",
  async () => {
    await using sandbox = await instance.vc.runSandbox({
      id: "far",
      hypervisorConfig: { memoryMiB: 256 },
      containers: [{ id: "main", image: "busybox", waits: true }],
    });
    await sandbox.resize({ memoryMiB: 14 * 1024 });
    expect((await seen(sandbox)).memoryMiB).toBeGreaterThan(13 * 1024);
    await sandbox.delete({ force: true });
  },
);

describe("a sandbox that runs", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await instance.vc.runSandbox({
      id: "resized",
      hypervisorConfig: { numVCPUs: 1, memoryMiB: 512 },
      containers: [{ id: "main", image: "busybox", waits: true }],
    });
  });
  afterAll(async () => {
    await sandbox.delete({ force: true });
  });

  test("grows to 2 CPUs and 1024 MiB and shrinks again, seen inside", async () => {
    const before = await seen(sandbox);
    expect(before.cpus).toBe(1);
    expect(await sandbox.resize({ cpus: 2, memoryMiB: 1024 })).toEqual({
      cpus: 2,
      memoryMiB: 1024,
    });
    const grown = await seen(sandbox);
    expect(grown.cpus).toBe(2);
    expect(grown.memoryMiB - before.memoryMiB).toBeGreaterThan(480);
    await sandbox.resize({ cpus: 1, memoryMiB: 640 });
    const shrunk = await seen(sandbox);
    expect(shrunk.cpus).toBe(1);
    expect(grown.memoryMiB - shrunk.memoryMiB).toBeGreaterThan(350);
    // A disk can still be plugged in after all that.
    await sandbox.createContainer({ id: "late", image: "busybox", waits: true });
    await sandbox.startContainer("late");
    expect((await sandbox.exec(["true"], { container: "late" })).exitCode).toBe(0);
    await sandbox.stopContainer("late");
    await sandbox.deleteContainer("late");
  });

  test("is never made smaller than its guest can bear, and is told how small that is", async () => {
    const { size } = await sandbox.status();
    const error = await sandbox.resize({ memoryMiB: 64 }).then(
      () => expect.unreachable(),
      (refused: VirtError) => refused,
    );
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", field: "memoryMiB" });
    const smallest = Number(/needs (\d+) or more/.exec(error.message)?.[1]);
    expect(smallest).toBeGreaterThan(64);
    expect(smallest).toBeLessThan(512);
    expect((await sandbox.status()).size).toEqual(size);
    await sandbox.resize({ memoryMiB: smallest + 16 });
    expect(await said(sandbox, "echo alive")).toBe("alive");
    await sandbox.resize({ memoryMiB: 640 });
  });

  test("gives a container other limits while it runs", async () => {
    await sandbox.updateContainer("main", {
      memory: { limit: 96 * mib },
      cpu: { quota: 50_000, period: 100_000 },
      pids: { limit: 40 },
    });
    const files = ["memory.max", "cpu.max", "pids.max"].map((name) => `/sys/fs/cgroup/${name}`);
    expect(await said(sandbox, `cat ${files.join(" ")}`)).toBe(`${96 * mib}\n50000 100000\n40`);
    await sandbox.updateContainer("main", { memory: { limit: 200 * mib } });
    expect(await said(sandbox, `cat ${files.join(" ")}`)).toBe(`${200 * mib}\n50000 100000\n40`);
  });
});

test("memory as virtio-mem grows and shrinks for good", async () => {
  await using sandbox = await instance.vc.runSandbox(
    {
      hypervisorConfig: { memoryMiB: 256, defaultMaxMemoryMiB: 1024, virtioMem: true },
      containers: [{ id: "main", image: "busybox", waits: true }],
    },
    { deleteOnDispose: true },
  );
  const before = await seen(sandbox);
  expect((await sandbox.resize({ memoryMiB: 512 })).memoryMiB).toBe(512);
  const grown = await seen(sandbox);
  expect(grown.memoryMiB - before.memoryMiB).toBeGreaterThan(200);
  expect((await sandbox.resize({ memoryMiB: 256 })).memoryMiB).toBe(256);
  expect((await seen(sandbox)).memoryMiB).toBeLessThan(before.memoryMiB + 32);
});

test("a container that takes more memory than its limit is killed alone, and the event names it", async () => {
  await using sandbox = await instance.vc.runSandbox(
    {
      hypervisorConfig: { memoryMiB: 256 },
      containers: [
        { id: "main", image: "busybox", waits: true },
        {
          id: "greedy",
          image: "busybox",
          cmd: { args: ["sh", "-c", "sleep 1; tail /dev/zero"] },
          resources: { memory: { limit: 256 * mib } },
        },
      ],
    },
    { deleteOnDispose: true },
  );
  expect(await sandbox.getOOMEvent({ timeoutMs: 60_000 })).toBe("greedy");
  expect(await sandbox.waitProcess("greedy", "greedy", { timeoutMs: 60_000 })).toBe(137);
  expect(await said(sandbox, "echo alive")).toBe("alive");
});

describe.skipIf(process.getuid?.() !== 0)("a cgroup on the host", () => {
  const trees = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory", "/sys/fs/cgroup"];
  const folders = (path: string): string[] =>
    trees.map((tree) => `${tree}${path}`).filter((folder) => existsSync(folder));

  /** Cgroups are the whole host's: their names are of this run alone, so that one that was killed is not in the way. */
  const run = randomUUID().slice(0, 8);

  /** The cgroups of a process, by lines of /proc/pid/cgroup. */
  const placesOf = (task: string): string => readFileSync(`/proc/${task}/cgroup`, "utf8");

  test("holds the whole VMM, with the limits of the VM's size; deleting leaves nothing of it", async () => {
    const sandbox = await instance.vc.runSandbox({
      id: `held-${run}`,
      sandboxCgroupOnly: true,
      containers: [{ id: "main", image: "busybox", waits: true }],
    });
    expect(folders(`/virtc-held-${run}`).length).toBeGreaterThan(0);
    const { vmm } = await sandbox.status();
    expect(placesOf(String(vmm?.pid))).toContain(`/virtc-held-${run}\n`);
    const { cgroupStats } = await sandbox.stats();
    expect(cgroupStats.cpuStats.cpuUsage.totalUsage).toBeGreaterThan(0);
    expect(cgroupStats.memoryStats.usage.limit).toBe((256 + 1280) * mib);
    await sandbox.resize({ memoryMiB: 384 });
    expect((await sandbox.stats()).cgroupStats.memoryStats.usage.limit).toBe((384 + 1280) * mib);
    await sandbox.delete({ force: true });
    expect(folders(`/virtc-held-${run}`)).toEqual([]);
    expect(leftovers(instance)).toEqual([]);
  });

  test.skipIf(!existsSync("/sys/fs/cgroup/cpu/tasks"))(
    "may hold the vCPUs alone, with the VMM's own work in another",
    async () => {
      const sandbox = await instance.vc.runSandbox({
        id: `split-${run}`,
        sandboxCgroupOnly: false,
        cgroups: { path: `/virtc-test-${run}/split-${run}` },
        containers: [{ id: "main", image: "busybox", waits: true }],
      });
      const { vmm } = await sandbox.status();
      expect(placesOf(String(vmm?.pid))).toContain(`/virtc-overhead-split-${run}\n`);
      const tasks = readFileSync(
        `/sys/fs/cgroup/cpu/virtc-test-${run}/virtc_split-${run}/tasks`,
        "utf8",
      );
      expect(tasks.trim().split("\n")).toHaveLength(1);
      await sandbox.delete({ force: true });
      expect(folders(`/virtc-overhead-split-${run}`)).toEqual([]);
      expect(folders(`/virtc-test-${run}`)).toEqual([]);
    },
  );
});
