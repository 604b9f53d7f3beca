import type { BlkioStatEntry, ContainerStats, NetworkStats } from "virtcontainers";

/** What a container used at one moment; of a VM the host only knows CPU time and memory. Bytes, but for CPU time. */
export interface Sample {
  /** When it was taken, by a clock that is never set; milliseconds. */
  at: number;
  cpuNs: number;
  memory: number;
  /** Undefined: no limit of its own. */
  memoryLimit?: number | undefined;
  received?: number;
  sent?: number;
  read?: number;
  written?: number;
  pids?: number;
}

/** Larger limits mean that there is none. */
const noLimit = 2 ** 50;

export function sampleOf({ cgroupStats, networkStats }: ContainerStats, at: number): Sample {
  const { cpuStats, memoryStats, blkioStats, pidsStats } = cgroupStats;
  const { usage, limit } = memoryStats.usage;
  const bytes = blkioStats.ioServiceBytesRecursive;
  return {
    at,
    cpuNs: cpuStats.cpuUsage.totalUsage,
    // What the kernel can take back at once is no use of memory; docker leaves it out too.
    memory: Math.max(0, usage - (memoryStats.stats.inactive_file ?? 0)),
    memoryLimit: limit > 0 && limit < noLimit ? limit : undefined,
    ...traffic(networkStats),
    read: sum(bytes, "read"),
    written: sum(bytes, "write"),
    pids: pidsStats.current,
  };
}

/** CPU time in percent of one CPU, between two moments; undefined if that can't be told. */
export function cpuPercent(before: Sample | undefined, now: Sample): number | undefined {
  if (before === undefined || now.at <= before.at || now.cpuNs < before.cpuNs) return undefined;
  return ((now.cpuNs - before.cpuNs) / ((now.at - before.at) * 1e6)) * 100;
}

/** What came and went by the guest's interfaces, without its loopback. */
function traffic(interfaces: readonly NetworkStats[]): { received: number; sent: number } {
  const outside = interfaces.filter(({ name }) => name !== "lo");
  return {
    received: outside.reduce((total, { rxBytes }) => total + rxBytes, 0),
    sent: outside.reduce((total, { txBytes }) => total + txBytes, 0),
  };
}

function sum(entries: readonly BlkioStatEntry[], op: string): number {
  return entries
    .filter((entry) => entry.op.toLowerCase() === op)
    .reduce((total, { value }) => total + value, 0);
}
