import * as v from "valibot";
import { later, text } from "../validate.ts";
import {
  type DeviceRule,
  DeviceRuleSchema,
  type HugepageLimit,
  HugepageLimitSchema,
} from "./oci/resources.ts";

/** Limits of memory, in bytes; -1 is no limit. */
export interface MemoryLimits {
  /** The most that it may use. */
  limit?: number | undefined;
  /** What is left to it when memory is short. */
  reservation?: number | undefined;
  /** Memory and swap together. */
  swap?: number | undefined;
}

/** Limits of CPU time. */
export interface CpuLimits {
  /** Weight beside other containers; 1024 is that of one without. */
  shares?: number | undefined;
  /** Microseconds of CPU time in each period; -1 is no limit. */
  quota?: number | undefined;
  /** Microseconds; default 100,000. */
  period?: number | undefined;
  /** The VM's CPUs that it may use, such as `0-2,5`. */
  cpus?: string | undefined;
  /** The VM's memory nodes that it may use. */
  mems?: string | undefined;
}

/** A limit of processes and threads. */
export interface PidsLimit {
  /** How many there may be; -1 is no limit. */
  limit: number;
}

/** Limits of one container; names and units of the OCI runtime specification, config-linux.md. */
export interface LinuxResources {
  /** Of memory, in bytes; -1 is no limit. */
  memory?: MemoryLimits | undefined;
  /** Of CPU time. */
  cpu?: CpuLimits | undefined;
  /** How many processes and threads there may be; -1 is no limit. */
  pids?: PidsLimit | undefined;
  /** Of huge pages, by their size. */
  hugepageLimits?: HugepageLimit[] | undefined;
  /** Rules of which devices may be opened, made and read; numbers are the guest's. */
  devices?: DeviceRule[] | undefined;
}

const bytes = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(-1, "it must be -1 (no limit) or a number of bytes"),
);
const whole = v.pipe(v.number(), v.integer(), v.minValue(0, "it must not be negative"));

export const LinuxResourcesSchema = v.strictObject({
  memory: v.optional(
    v.strictObject({
      limit: v.optional(bytes),
      reservation: v.optional(bytes),
      swap: v.optional(bytes),
      disableOOMKiller: later("disabling the OOM killer, which cgroup v2 does not know"),
      kernel: later("kernel memory limits, which cgroup v2 does not know"),
      kernelTCP: later("kernel TCP limits, which cgroup v2 does not know"),
      swappiness: later("swappiness, which cgroup v2 does not know"),
    }),
  ),
  cpu: v.optional(
    v.strictObject({
      shares: v.optional(whole),
      quota: v.optional(v.pipe(v.number(), v.integer())),
      period: v.optional(whole),
      cpus: v.optional(text(256)),
      mems: v.optional(text(256)),
      realtimeRuntime: later("realtime scheduling"),
      realtimePeriod: later("realtime scheduling"),
    }),
  ),
  pids: v.optional(v.strictObject({ limit: v.pipe(v.number(), v.integer()) })),
  hugepageLimits: v.optional(v.array(HugepageLimitSchema)),
  blockIO: later(
    "limits of block devices: their numbers are the guest's, and weights need a scheduler that its disks have not",
  ),
  network: later("network classes, which cgroup v2 does not know"),
  devices: v.optional(v.array(DeviceRuleSchema)),
});
