import { type CgroupStats, noCgroupStats } from "../agent/stats.ts";
import type { CgroupUsage } from "../host/host.ts";
import type { Context } from "../operation/context.ts";
import type { StoredSandbox } from "../store/schema.ts";

/** What the host counts in the cgroup of a sandbox, the VMM's own work with it; undefined if it has none. */
export async function hostCgroupStats(
  context: Context,
  { cgroup }: StoredSandbox,
): Promise<CgroupStats | undefined> {
  if (cgroup === undefined) return undefined;
  const stats = noCgroupStats();
  for (const path of [cgroup.path, cgroup.overhead]) {
    if (path !== undefined) add(stats, await context.host.cgroups.usage(path));
  }
  return stats;
}

function add({ cpuStats, memoryStats, pidsStats }: CgroupStats, usage: CgroupUsage): void {
  const { cpuUsage, throttlingData } = cpuStats;
  cpuUsage.totalUsage += usage.totalNs;
  cpuUsage.usageInUsermode += usage.userNs;
  cpuUsage.usageInKernelmode += usage.systemNs;
  throttlingData.periods += usage.periods;
  throttlingData.throttledPeriods += usage.throttledPeriods;
  throttlingData.throttledTime += usage.throttledNs;
  memoryStats.usage.usage += usage.memoryBytes;
  memoryStats.usage.maxUsage += usage.memoryMaxBytes;
  memoryStats.usage.limit ||= limit(usage.memoryLimitBytes);
  pidsStats.current += usage.pids;
  pidsStats.limit ||= usage.pidsLimit;
}

/** Version 1 tells of no limit as of one larger than any number that is exact. */
function limit(bytes: number): number {
  return bytes > Number.MAX_SAFE_INTEGER ? 0 : bytes;
}
