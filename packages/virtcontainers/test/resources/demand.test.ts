import { describe, expect, test } from "vitest";
import type { LinuxResources } from "../../src/config/resources.ts";
import { type Consumer, containerDemand, vmSize } from "../../src/resources/demand.ts";

const mib = 1024 * 1024;

function container(resources?: LinuxResources, state: Consumer["state"] = "running"): Consumer {
  return { state, config: { resources } };
}

const free = container();
const two = container({ cpu: { quota: 4000, period: 2000 } });
const four = container({ cpu: { quota: 4000, period: 1000 } });
const cpuset = (cpus: string): Consumer => container({ cpu: { cpus } });

describe("CPUs: quota divided by period, summed up", () => {
  test.each<[string, Consumer[], number]>([
    ["nothing without containers", [], 0],
    ["nothing for one without a limit", [free], 0],
    ["nothing for many without limits", [free, free], 0],
    ["one limit", [four], 4],
    ["two limits", [four, four], 8],
    ["limits among none", [free, four, two], 6],
    ["a quota without a period, of 100 ms then", [container({ cpu: { quota: 50_000 } })], 0.5],
    ["a quota of -1, which is none", [container({ cpu: { quota: -1, period: 1000 } })], 0],
    ["a period alone", [container({ cpu: { period: 1000 } })], 0],
    ["shares, which are no limit", [container({ cpu: { shares: 2048 } })], 0],
    ["none of what is stopped", [four, container(four.config.resources, "stopped")], 4],
  ])("%s", (_name, containers, cpus) => {
    expect(containerDemand(containers).cpus).toBe(cpus);
  });

  test("cpusets ask for as many CPUs as they name, by the highest number", () => {
    expect(containerDemand([cpuset("0-1")]).cpusetCpus).toBe(2);
    expect(containerDemand([free, cpuset("0-1"), cpuset("3")]).cpusetCpus).toBe(4);
    expect(containerDemand([container({ cpu: { cpus: "7" } }, "stopped")]).cpusetCpus).toBe(0);
  });
});

describe("memory: limits and huge pages, summed up", () => {
  const limited = (limit: number): Consumer => container({ memory: { limit } });
  test.each<[string, Consumer[], number]>([
    ["nothing without a limit", [free], 0],
    ["one limit", [limited(256 * mib)], 256],
    ["several", [limited(256 * mib), free, limited(100 * mib)], 356],
    ["a limit of -1, which is none", [limited(-1)], 0],
    ["a part of a MiB, rounded up", [limited(1)], 1],
    ["a reservation, which is no limit", [container({ memory: { reservation: 9 * mib } })], 0],
  ])("%s", (_name, containers, memoryMiB) => {
    expect(containerDemand(containers).memoryMiB).toBe(memoryMiB);
  });
});

describe("the VM's size", () => {
  const most = { cpus: 8, memoryMiB: 4096 };
  const size = (base: number, cpus: number, cpusetCpus = 0): number =>
    vmSize({ cpus: base, memoryMiB: 256 }, { cpus, memoryMiB: 0, cpusetCpus }, most).cpus;

  test("CPUs are rounded up once, over the whole sum", () => {
    expect([size(1, 0), size(1, 0.5), size(1, 1), size(1.5, 0.5), size(2, 0.25 + 0.75)]).toEqual([
      1, 2, 2, 2, 3,
    ]);
    // A sum of fractions that is a whole number, but not to a computer.
    expect(size(1, 0.1 + 0.2 + 0.7)).toBe(2);
  });

  test("is never more than the VM can grow to, and never less than one CPU", () => {
    expect(size(1, 100)).toBe(8);
    expect(size(-3, 0)).toBe(1);
    expect(
      vmSize({ cpus: 1, memoryMiB: 512 }, { cpus: 0, memoryMiB: 10_000, cpusetCpus: 0 }, most),
    ).toEqual({ cpus: 1, memoryMiB: 4096 });
  });

  test("has the CPUs that cpusets name", () => {
    expect([size(1, 0, 4), size(1, 5, 4), size(6, 0, 2)]).toEqual([4, 6, 6]);
  });
});
