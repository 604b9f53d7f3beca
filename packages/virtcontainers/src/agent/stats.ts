/**
 * What a container uses. Numbers of the guest are at most Number.MAX_SAFE_INTEGER; what it does not count is 0.
 */
export interface ContainerStats {
  cgroupStats: CgroupStats;
  /** Of the guest's interfaces, which all containers of a sandbox share. */
  networkStats: NetworkStats[];
}

export interface CgroupStats {
  cpuStats: CPUStats;
  memoryStats: MemoryStats;
  pidsStats: PidsStats;
  blkioStats: BlkioStats;
  /** By the size of the pages, such as `2MB`. */
  hugetlbStats: Record<string, HugetlbStats>;
}

export interface CPUStats {
  cpuUsage: CPUUsage;
  throttlingData: ThrottlingData;
}

/** Nanoseconds since the container was created. */
export interface CPUUsage {
  totalUsage: number;
  percpuUsage: number[];
  usageInKernelmode: number;
  usageInUsermode: number;
}

export interface ThrottlingData {
  periods: number;
  throttledPeriods: number;
  /** Nanoseconds. */
  throttledTime: number;
}

export interface MemoryStats {
  /** Bytes of the page cache. */
  cache: number;
  usage: MemoryData;
  swapUsage: MemoryData;
  kernelUsage: MemoryData;
  /** Always 0: cgroup v2 does not tell it apart. */
  kernelTCPUsage: MemoryData;
  useHierarchy: boolean;
  /** As the guest's kernel names them. */
  stats: Record<string, number>;
}

/** Bytes, and how often the limit was hit. */
export interface MemoryData {
  usage: number;
  maxUsage: number;
  failcnt: number;
  /** Without one: 0 or Number.MAX_SAFE_INTEGER, as the guest tells it. */
  limit: number;
}

export interface PidsStats {
  current: number;
  /** 0 without a limit. */
  limit: number;
}

export interface BlkioStatEntry {
  major: number;
  minor: number;
  /** Such as `read` and `write`. */
  op: string;
  value: number;
}

export interface BlkioStats {
  ioServiceBytesRecursive: BlkioStatEntry[];
  ioServicedRecursive: BlkioStatEntry[];
  ioQueuedRecursive: BlkioStatEntry[];
  ioServiceTimeRecursive: BlkioStatEntry[];
  ioWaitTimeRecursive: BlkioStatEntry[];
  ioMergedRecursive: BlkioStatEntry[];
  ioTimeRecursive: BlkioStatEntry[];
  sectorsRecursive: BlkioStatEntry[];
}

export interface HugetlbStats {
  usage: number;
  maxUsage: number;
  failcnt: number;
}

export interface NetworkStats {
  name: string;
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

/** Statistics in which nothing was counted. */
export function noCgroupStats(): CgroupStats {
  const memory = (): MemoryData => ({ usage: 0, maxUsage: 0, failcnt: 0, limit: 0 });
  return {
    cpuStats: {
      cpuUsage: { totalUsage: 0, percpuUsage: [], usageInKernelmode: 0, usageInUsermode: 0 },
      throttlingData: { periods: 0, throttledPeriods: 0, throttledTime: 0 },
    },
    memoryStats: {
      cache: 0,
      usage: memory(),
      swapUsage: memory(),
      kernelUsage: memory(),
      kernelTCPUsage: memory(),
      useHierarchy: false,
      stats: {},
    },
    pidsStats: { current: 0, limit: 0 },
    blkioStats: {
      ioServiceBytesRecursive: [],
      ioServicedRecursive: [],
      ioQueuedRecursive: [],
      ioServiceTimeRecursive: [],
      ioWaitTimeRecursive: [],
      ioMergedRecursive: [],
      ioTimeRecursive: [],
      sectorsRecursive: [],
    },
    hugetlbStats: {},
  };
}
