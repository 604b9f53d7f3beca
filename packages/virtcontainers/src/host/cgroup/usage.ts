import { join } from "node:path";
import type { CgroupUsage } from "../host.ts";
import { numbers, read } from "./files.ts";
import type { Controller, Hierarchy } from "./hierarchies.ts";

/** Version 1 counts user and system time in this unit: USER_HZ is 100. */
const tickNs = 10_000_000;

/** What the processes of a cgroup have used and use; 0 where the host does not count. */
export async function usageOf(
  hierarchies: readonly Hierarchy[],
  path: string,
): Promise<CgroupUsage> {
  const file = (controller: Controller, one: string, two: string): Promise<string> => {
    const tree = hierarchies.find(({ controllers }) => controllers.has(controller));
    return tree === undefined
      ? Promise.resolve("")
      : read(join(tree.root, path, tree.version === 1 ? one : two));
  };
  const number = async (...at: Parameters<typeof file>): Promise<number> => {
    const text = await file(...at);
    return text === "max" ? 0 : Number(text);
  };
  const onV1 = hierarchies.some(({ controllers }) => controllers.has("cpuacct"));
  const stat = numbers(
    onV1 ? await file("cpuacct", "cpuacct.stat", "") : await file("cpu", "", "cpu.stat"),
  );
  const throttling = numbers(await file("cpu", "cpu.stat", "cpu.stat"));
  const at = (from: Map<string, number>, name: string, unit = 1): number =>
    (from.get(name) ?? 0) * unit;
  return {
    userNs: onV1 ? at(stat, "user", tickNs) : at(stat, "user_usec", 1000),
    systemNs: onV1 ? at(stat, "system", tickNs) : at(stat, "system_usec", 1000),
    totalNs: onV1 ? await number("cpuacct", "cpuacct.usage", "") : at(stat, "usage_usec", 1000),
    periods: at(throttling, "nr_periods"),
    throttledPeriods: at(throttling, "nr_throttled"),
    throttledNs: at(throttling, "throttled_time") || at(throttling, "throttled_usec", 1000),
    memoryBytes: await number("memory", "memory.usage_in_bytes", "memory.current"),
    memoryMaxBytes: await number("memory", "memory.max_usage_in_bytes", "memory.peak"),
    memoryLimitBytes: await number("memory", "memory.limit_in_bytes", "memory.max"),
    pids: await number("pids", "pids.current", "pids.current"),
    pidsLimit: await number("pids", "pids.max", "pids.max"),
  };
}
