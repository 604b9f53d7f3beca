import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createCgroups } from "../../src/host/cgroups.ts";
import type { Cgroups } from "../../src/host/host.ts";
import { testFolder } from "../support/folder.ts";

const mountLine = (root: string, type: string, options: string): string =>
  `30 23 0:26 / ${root} rw,nosuid shared:9 - ${type} ${type} ${options}\n`;

/** Files that stand for a host's cgroup trees; what the kernel makes in a new cgroup, `furnish` makes. */
class Trees {
  readonly folder: string;
  readonly cgroups: Cgroups;

  constructor(folder: string) {
    this.folder = folder;
    this.cgroups = createCgroups(join(folder, "mountinfo"));
  }

  static async of(
    mounts: readonly [name: string, type: string, options: string][],
  ): Promise<Trees> {
    const trees = new Trees(await testFolder());
    const lines = mounts.map(([name, type, options]) =>
      mountLine(join(trees.folder, name), type, options),
    );
    await writeFile(join(trees.folder, "mountinfo"), lines.join(""));
    for (const [name] of mounts) await mkdir(join(trees.folder, name));
    return trees;
  }

  async furnish(path: string, files: Readonly<Record<string, string>>): Promise<void> {
    await mkdir(join(this.folder, path), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(this.folder, path, name), text);
    }
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }
}

async function version1(): Promise<Trees> {
  return await Trees.of([
    ["cpu", "cgroup", "rw,cpu,cpuacct"],
    ["cpuset", "cgroup", "rw,cpuset"],
    ["memory", "cgroup", "rw,memory"],
    ["systemd", "cgroup", "rw,name=systemd"],
  ]);
}

async function version2(): Promise<Trees> {
  const trees = await Trees.of([["unified", "cgroup2", "rw"]]);
  await trees.furnish("unified", {
    "cgroup.controllers": "cpuset cpu io memory pids\n",
    "cgroup.subtree_control": "memory\n",
    "cgroup.procs": "",
  });
  return trees;
}

describe("version 1: a tree for each controller", () => {
  test("a cgroup is made in each, with the CPUs of the one above", async () => {
    const trees = await version1();
    await trees.furnish("cpuset", { "cpuset.cpus": "0-3\n", "cpuset.mems": "0\n" });
    await trees.furnish("cpuset/a", { "cpuset.cpus": "", "cpuset.mems": "" });
    await trees.furnish("cpuset/a/b", { "cpuset.cpus": "", "cpuset.mems": "" });
    expect(await trees.cgroups.exists("/c")).toBe(false);
    await trees.cgroups.create("/a/b");
    expect(await trees.cgroups.exists("/a/b")).toBe(true);
    expect(existsSync(join(trees.folder, "memory/a/b"))).toBe(true);
    expect(existsSync(join(trees.folder, "systemd/a"))).toBe(false);
    expect(trees.read("cpuset/a/b/cpuset.cpus")).toBe("0-3");
  });

  test("limits, processes and threads go to the trees that they concern", async () => {
    const trees = await version1();
    const { cgroups } = trees;
    await trees.furnish("cpu/a", {
      "cpu.cfs_period_us": "0",
      "cpu.cfs_quota_us": "-1",
      "cgroup.procs": "",
      tasks: "",
    });
    await trees.furnish("cpuset/a", { "cpuset.cpus": "0-1", "cgroup.procs": "", tasks: "" });
    await trees.furnish("memory/a", { "memory.limit_in_bytes": "", "cgroup.procs": "", tasks: "" });
    await cgroups.limit("/a", { cpus: 1.5, memoryBytes: 4096, cpuset: "0" });
    expect(trees.read("cpu/a/cpu.cfs_quota_us")).toBe("150000");
    expect(trees.read("cpu/a/cpu.cfs_period_us")).toBe("100000");
    expect(trees.read("memory/a/memory.limit_in_bytes")).toBe("4096");
    expect(trees.read("cpuset/a/cpuset.cpus")).toMatch(/^0/);
    await cgroups.placeProcess("/a", 77);
    await cgroups.placeThreads("/a", [78]);
    expect(await cgroups.canSplitThreads()).toBe(true);
    for (const tree of ["cpu", "cpuset", "memory"])
      expect(trees.read(`${tree}/a/cgroup.procs`)).toBe("77");
    expect([trees.read("cpu/a/tasks"), trees.read("memory/a/tasks")]).toEqual(["78", ""]);
  });

  test("a limit without its controller is refused by name", async () => {
    const trees = await version1();
    await expect(trees.cgroups.limit("/a", { pids: 10 })).rejects.toMatchObject({
      code: "HOST_REQUIREMENT",
      message: expect.stringContaining("controller pids"),
    });
  });

  test("what is used is counted", async () => {
    const trees = await version1();
    await trees.furnish("cpu/a", {
      "cpuacct.usage": "5000000000\n",
      "cpuacct.stat": "user 300\nsystem 200\n",
      "cpu.stat": "nr_periods 10\nnr_throttled 2\nthrottled_time 7000\n",
    });
    await trees.furnish("memory/a", {
      "memory.usage_in_bytes": "8192\n",
      "memory.max_usage_in_bytes": "9000\n",
      "memory.limit_in_bytes": "10000\n",
    });
    expect(await trees.cgroups.usage("/a")).toEqual({
      userNs: 3e9,
      systemNs: 2e9,
      totalNs: 5e9,
      periods: 10,
      throttledPeriods: 2,
      throttledNs: 7000,
      memoryBytes: 8192,
      memoryMaxBytes: 9000,
      memoryLimitBytes: 10_000,
      pids: 0,
      pidsLimit: 0,
    });
  });
});

describe("version 2: one tree for all", () => {
  test("controllers are handed down to the cgroup, which is made last", async () => {
    const trees = await version2();
    await trees.furnish("unified/a", { "cgroup.subtree_control": "cpuset cpu memory pids" });
    await trees.cgroups.create("/a/b");
    expect(existsSync(join(trees.folder, "unified/a/b"))).toBe(true);
    // One write for each that was off.
    expect(trees.read("unified/cgroup.subtree_control")).toMatch(/^\+pids/);
  });

  test("limits, a process and its counts", async () => {
    const trees = await version2();
    const { cgroups } = trees;
    await trees.furnish("unified/a", {
      "cpu.max": "",
      "memory.max": "",
      "pids.max": "max\n",
      "cgroup.procs": "",
      "cpu.stat": "usage_usec 50\nuser_usec 30\nsystem_usec 20\nnr_periods 1\nthrottled_usec 3\n",
      "memory.current": "4096\n",
      "pids.current": "3\n",
    });
    await cgroups.limit("/a", { cpus: 2, memoryBytes: 1 << 20 });
    await cgroups.placeProcess("/a", 77);
    expect(trees.read("unified/a/cpu.max")).toBe("200000 100000");
    expect(trees.read("unified/a/cgroup.procs")).toBe("77");
    expect(await cgroups.usage("/a")).toMatchObject({
      totalNs: 50_000,
      userNs: 30_000,
      throttledNs: 3_000,
      memoryBytes: 4096,
      memoryLimitBytes: 1 << 20,
      pids: 3,
      pidsLimit: 0,
    });
    expect(await cgroups.canSplitThreads()).toBe(false);
  });
});

describe("a hybrid host", () => {
  test("has each controller in one of the trees only", async () => {
    const trees = await Trees.of([
      ["memory", "cgroup", "rw,memory"],
      ["unified", "cgroup2", "rw"],
    ]);
    await trees.furnish("unified", {
      "cgroup.controllers": "cpu memory\n",
      "cgroup.subtree_control": "cpu",
    });
    await trees.furnish("memory/a", { "memory.limit_in_bytes": "" });
    await trees.furnish("unified/a", { "cpu.max": "" });
    await trees.cgroups.limit("/a", { cpus: 1, memoryBytes: 5 });
    expect(trees.read("memory/a/memory.limit_in_bytes")).toBe("5");
    expect(trees.read("unified/a/cpu.max")).toBe("100000 100000");
  });

  test("a host without cgroups says so", async () => {
    const trees = await Trees.of([]);
    await expect(trees.cgroups.create("/a")).rejects.toMatchObject({ code: "HOST_REQUIREMENT" });
  });
});

test("removing one moves what runs in it to the one above; one that is gone is no error", async () => {
  const trees = await version2();
  await trees.cgroups.remove("/gone");
  await mkdir(join(trees.folder, "unified/a/others"), { recursive: true });
  await trees.cgroups.remove("/a");
  expect(existsSync(join(trees.folder, "unified/a"))).toBe(true);
  await trees.cgroups.remove("/a/others");
  await trees.cgroups.remove("/a");
  expect(existsSync(join(trees.folder, "unified/a"))).toBe(false);
});
