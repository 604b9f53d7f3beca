import type {
  BlkioStatsEntry,
  BlkioStats as GuestBlkioStats,
  MemoryData as GuestMemoryData,
  MemoryStats as GuestMemoryStats,
  NetworkStats as GuestNetworkStats,
  StatsContainerResponse,
} from "@virtcontainers/agent-protocol";
import type {
  BlkioStatEntry,
  BlkioStats,
  ContainerStats,
  CPUStats,
  MemoryData,
  MemoryStats,
  NetworkStats,
} from "../stats.ts";
import { count, shortText } from "./sanitize.ts";

/** More entries than this in one list are no statistics of a container. */
const maxEntries = 4096;

type Refuse = (what: string) => Error;

/** A guest's statistics as the library gives them; `refuse` makes the error for what can't be some. */
export function containerStats(answer: StatsContainerResponse, refuse: Refuse): ContainerStats {
  const { cgroupStats: cgroup, networkStats } = answer;
  const { pidsStats } = cgroup ?? {};
  const hugetlb = entries(Object.entries(cgroup?.hugetlbStats ?? {}), refuse);
  return {
    cgroupStats: {
      cpuStats: cpuStats(cgroup?.cpuStats, refuse),
      memoryStats: memoryStats(cgroup?.memoryStats, refuse),
      pidsStats: { current: count(pidsStats?.current ?? 0n), limit: count(pidsStats?.limit ?? 0n) },
      blkioStats: blkioStats(cgroup?.blkioStats, refuse),
      hugetlbStats: Object.fromEntries(
        hugetlb.map(([size, { usage, maxUsage, failcnt }]) => [
          shortText(size),
          { usage: count(usage), maxUsage: count(maxUsage), failcnt: count(failcnt) },
        ]),
      ),
    },
    networkStats: entries(networkStats, refuse).map(networkStatsOf),
  };
}

type GuestCpuStats = NonNullable<StatsContainerResponse["cgroupStats"]>["cpuStats"];

function cpuStats(stats: GuestCpuStats, refuse: Refuse): CPUStats {
  const { cpuUsage: usage, throttlingData: throttling } = stats ?? {};
  return {
    cpuUsage: {
      totalUsage: count(usage?.totalUsage ?? 0n),
      percpuUsage: entries(usage?.percpuUsage ?? [], refuse).map(count),
      usageInKernelmode: count(usage?.usageInKernelmode ?? 0n),
      usageInUsermode: count(usage?.usageInUsermode ?? 0n),
    },
    throttlingData: {
      periods: count(throttling?.periods ?? 0n),
      throttledPeriods: count(throttling?.throttledPeriods ?? 0n),
      throttledTime: count(throttling?.throttledTime ?? 0n),
    },
  };
}

function memoryStats(stats: GuestMemoryStats | undefined, refuse: Refuse): MemoryStats {
  const details = entries(Object.entries(stats?.stats ?? {}), refuse);
  return {
    cache: count(stats?.cache ?? 0n),
    usage: memoryData(stats?.usage),
    swapUsage: memoryData(stats?.swapUsage),
    kernelUsage: memoryData(stats?.kernelUsage),
    kernelTCPUsage: memoryData(undefined),
    useHierarchy: stats?.useHierarchy ?? false,
    stats: Object.fromEntries(details.map(([name, value]) => [shortText(name), count(value)])),
  };
}

function memoryData(data: GuestMemoryData | undefined): MemoryData {
  return {
    usage: count(data?.usage ?? 0n),
    maxUsage: count(data?.maxUsage ?? 0n),
    failcnt: count(data?.failcnt ?? 0n),
    limit: count(data?.limit ?? 0n),
  };
}

function blkioStats(stats: GuestBlkioStats | undefined, refuse: Refuse): BlkioStats {
  const list = (found: readonly BlkioStatsEntry[] | undefined): BlkioStatEntry[] =>
    entries(found ?? [], refuse).map(({ major, minor, op, value }) => ({
      major: count(major),
      minor: count(minor),
      op: shortText(op),
      value: count(value),
    }));
  return {
    ioServiceBytesRecursive: list(stats?.ioServiceBytesRecursive),
    ioServicedRecursive: list(stats?.ioServicedRecursive),
    ioQueuedRecursive: list(stats?.ioQueuedRecursive),
    ioServiceTimeRecursive: list(stats?.ioServiceTimeRecursive),
    ioWaitTimeRecursive: list(stats?.ioWaitTimeRecursive),
    ioMergedRecursive: list(stats?.ioMergedRecursive),
    ioTimeRecursive: list(stats?.ioTimeRecursive),
    sectorsRecursive: list(stats?.sectorsRecursive),
  };
}

function networkStatsOf(stats: GuestNetworkStats): NetworkStats {
  return {
    name: shortText(stats.name),
    rxBytes: count(stats.rxBytes),
    rxPackets: count(stats.rxPackets),
    rxErrors: count(stats.rxErrors),
    rxDropped: count(stats.rxDropped),
    txBytes: count(stats.txBytes),
    txPackets: count(stats.txPackets),
    txErrors: count(stats.txErrors),
    txDropped: count(stats.txDropped),
  };
}

function entries<T>(list: readonly T[], refuse: Refuse): readonly T[] {
  if (list.length <= maxEntries) return list;
  throw refuse(`a list of ${list.length} entries`);
}
