import type { LinuxResources } from "../../config/resources.ts";
import { invalidArgument } from "../../errors.ts";
import { parseCpuset } from "../../resources/cpuset.ts";

/** Ranges of the kernel, Documentation/scheduler/sched-bwc.rst and cgroup-v2.rst. */
const ranges = {
  shares: { min: 2, max: 262_144, none: 0, unit: "" },
  quota: { min: 1_000, max: 2 ** 44, none: -1, unit: " microseconds" },
  period: { min: 1_000, max: 1_000_000, none: 0, unit: " microseconds" },
} as const;
const most = Number.MAX_SAFE_INTEGER;

/** Refuses limits that no kernel would take, by name, before anything is done. */
export function checkLimits({ cpu, memory, pids }: LinuxResources, field: string): void {
  for (const name of ["shares", "quota", "period"] as const) {
    const { min, max, none, unit } = ranges[name];
    const value = cpu?.[name];
    if (value === undefined || value === none || value === 0) continue;
    if (value >= min && value <= max) continue;
    const allowed = `it must be ${none} (none) or a whole number from ${min} to ${max}${unit}`;
    throw invalidArgument(`${field}.cpu.${name}`, value, allowed);
  }
  parseCpuset(cpu?.cpus ?? "", `${field}.cpu.cpus`);
  parseCpuset(cpu?.mems ?? "", `${field}.cpu.mems`);
  for (const name of ["limit", "reservation", "swap"] as const) {
    const value = memory?.[name];
    if (value !== undefined && value > most)
      throw invalidArgument(`${field}.memory.${name}`, value, `it must be at most ${most} bytes`);
  }
  const { limit = 0, swap = 0 } = memory ?? {};
  if (swap > 0 && (limit <= 0 || swap < limit)) {
    const allowed =
      limit > 0
        ? `it counts memory and swap, so it must be at least ${limit}, the limit of memory, or -1`
        : "it counts memory and swap, so it needs a limit of memory beside it";
    throw invalidArgument(`${field}.memory.swap`, swap, allowed);
  }
  if (pids !== undefined && pids.limit < -1)
    throw invalidArgument(`${field}.pids.limit`, pids.limit, "it must be -1 (none) or more");
}
