import * as v from "valibot";
import { honoured, later } from "../../validate.ts";

const number = v.pipe(v.number("it must be a number"), v.integer("it must be a whole number"));
const onV1 = "which cgroup v2 does not know";
const off = v.optional(
  v.pipe(
    v.boolean("it must be true or false"),
    honoured((on) => !on, `switching the OOM killer off, ${onV1}`),
  ),
);
const empty = (what: string) =>
  v.optional(
    v.pipe(
      v.record(v.string(), v.unknown()),
      honoured((value) => Object.values(value).every(isNothing), what),
    ),
  );

/** Tools write out what they don't ask for, too. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === 0 || (Array.isArray(value) && value.length === 0);
}

/** A rule of which devices may be opened, made and read. */
export interface DeviceRule {
  /** What the rule does with what it names. */
  allow: boolean;
  /** a (all, default), c (character) or b (block). */
  type?: "a" | "c" | "b" | undefined;
  /** -1 or nothing: any. */
  major?: number | undefined;
  /** -1 or nothing: any. */
  minor?: number | undefined;
  /** Some of r, w and m (mknod). */
  access?: string | undefined;
}

export const DeviceRuleSchema = v.object({
  allow: v.boolean("it must be true or false"),
  type: v.optional(v.picklist(["a", "c", "b"], "it must be a, c or b")),
  major: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1))),
  minor: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1))),
  access: v.optional(v.pipe(v.string(), v.regex(/^[rwm]*$/, "it must be some of r, w and m"))),
});

/** How much of huge pages of one size there may be. */
export interface HugepageLimit {
  /** Such as `2MB`. */
  pageSize: string;
  /** Bytes. */
  limit: number;
}

export const HugepageLimitSchema = v.object({
  pageSize: v.pipe(v.string(), v.regex(/^\d+(KB|MB|GB)$/, "it must be a size such as 2MB")),
  limit: v.pipe(v.number(), v.integer(), v.minValue(0, "it must not be negative")),
});

/** Limits of memory, in bytes; -1 is no limit. */
export interface OciMemory {
  /** The most that it may use. */
  limit?: number | undefined;
  /** What is left to it when memory is short. */
  reservation?: number | undefined;
  /** Memory and swap together. */
  swap?: number | undefined;
  /** Must be false: cgroup v2 can't switch the OOM killer off. */
  disableOOMKiller?: boolean | undefined;
  /** Not used: cgroup v2 always has a hierarchy. */
  useHierarchy?: boolean | undefined;
  /** Not used: the guest always checks. */
  checkBeforeUpdate?: boolean | undefined;
}

/** Limits of CPU time. */
export interface OciCpu {
  /** Weight beside other containers; 1024 is that of one without. */
  shares?: number | undefined;
  /** Microseconds of CPU time in each period; -1 is no limit. */
  quota?: number | undefined;
  /** Microseconds. */
  period?: number | undefined;
  /** The VM's CPUs that it may use. */
  cpus?: string | undefined;
  /** The VM's memory nodes that it may use. */
  mems?: string | undefined;
}

/** A limit of processes and threads. */
export interface OciPids {
  /** How many there may be; -1 is no limit. */
  limit?: number | undefined;
}

/** `linux.resources` of the OCI runtime specification; values are checked when they become the container's limits. */
export interface Resources {
  /** Rules of which devices may be opened, made and read; numbers are the guest's. */
  devices?: DeviceRule[] | undefined;
  /** Of memory, in bytes; -1 is no limit. */
  memory?: OciMemory | undefined;
  /** Of CPU time. */
  cpu?: OciCpu | undefined;
  /** How many processes and threads there may be; -1 is no limit. */
  pids?: OciPids | undefined;
  /** Of huge pages, by their size. */
  hugepageLimits?: HugepageLimit[] | undefined;
  /** Must be empty, and so must the three that follow. */
  blockIO?: Record<string, unknown> | undefined;
  /** Must be empty. */
  network?: Record<string, unknown> | undefined;
  /** Must be empty. */
  rdma?: Record<string, unknown> | undefined;
  /** Must be empty. */
  unified?: Record<string, unknown> | undefined;
}

export const ResourcesSchema = v.object({
  devices: v.optional(v.array(DeviceRuleSchema)),
  memory: v.optional(
    v.object({
      limit: v.optional(number),
      reservation: v.optional(number),
      swap: v.optional(number),
      kernel: later(`kernel memory limits, ${onV1}`),
      kernelTCP: later(`kernel TCP limits, ${onV1}`),
      swappiness: later(`swappiness, ${onV1}`),
      disableOOMKiller: off,
      useHierarchy: v.optional(v.boolean()),
      checkBeforeUpdate: v.optional(v.boolean()),
    }),
  ),
  cpu: v.optional(
    v.object({
      shares: v.optional(number),
      quota: v.optional(number),
      period: v.optional(number),
      cpus: v.optional(v.string("it must be a text")),
      mems: v.optional(v.string("it must be a text")),
      burst: later("bursts of CPU time"),
      idle: later("idle scheduling of cgroups"),
      realtimeRuntime: later("realtime scheduling"),
      realtimePeriod: later("realtime scheduling"),
    }),
  ),
  pids: v.optional(v.object({ limit: v.optional(number) })),
  hugepageLimits: v.optional(v.array(HugepageLimitSchema)),
  blockIO: empty("limits of block devices, whose numbers are the host's"),
  network: empty(`network classes, ${onV1}`),
  rdma: empty("limits of RDMA devices"),
  unified: empty("cgroup files by name"),
});
