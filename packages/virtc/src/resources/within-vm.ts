import type { LinuxResources } from "virtcontainers";
import { parseCpus } from "../args/cpus.ts";
import { optional } from "../args/optional.ts";
import { parseSize } from "../args/size.ts";
import { badValue } from "../errors/usage.ts";
import type { LimitOptions, ResourceOptions } from "./options.ts";
import { checkCpus, parseResources, usualPeriod } from "./request.ts";

/** The largest VM, as of --cpus. */
const mostCpus = 240;
/** What a VM has unless it is said. */
const usualMemory = 256 * 1024 ** 2;

/** Limits within a VM that `run` makes, and the CPUs that it must have for them. */
export interface Limits {
  resources: LinuxResources;
  cpus: number | undefined;
}

/**
 * The limits of a container in a VM of its own, whose size is `cpus` and `memory`; of a fraction of CPUs the rest
 * is a limit. Its memory is the VM's, which has no swap: `--memory-swap` is checked, and has nothing to hold.
 */
export function parseLimits(options: ResourceOptions): Limits {
  const { cpus: text, memory, memorySwap, ...within } = options;
  checkCpus(options);
  const size = optional(text, (cpus) => parseCpus("--cpus", cpus));
  const memoryBytes = optional(memory, (text) => parseSize("--memory", text)) ?? usualMemory;
  const resources = parseResources({ ...within, ...(size?.limit && text && { cpus: text }) }) ?? {};
  const { reservation } = resources.memory ?? {};
  if (reservation !== undefined && reservation > memoryBytes) {
    const text = options.memoryReservation ?? "";
    throw badValue("--memory-reservation", text, "it must not be more than the VM has: --memory");
  }
  checkSwap(memorySwap, memoryBytes);
  const cpus = size === undefined ? cpusFor(resources) : undefined;
  checkCpuset(options, size?.numVCPUs ?? cpus ?? 1);
  return { resources, cpus };
}

/** Memory and swap together can't be less than memory alone. */
export function checkSwap(text: string | undefined, memoryBytes: number): void {
  if (text === undefined || text === "-1" || text === "0") return;
  if (parseSize("--memory-swap", text) >= memoryBytes) return;
  const allowed =
    "it counts memory and swap, so it must be --memory or more, or -1; a VM has no swap";
  throw badValue("--memory-swap", text, allowed);
}

/** As many as the limits speak of; undefined where they speak of none. */
function cpusFor({ cpu }: LinuxResources): number | undefined {
  const { quota = -1, period = usualPeriod, cpus } = cpu ?? {};
  const named = (cpus?.split(/[-,]/) ?? []).map((number) => Number(number) + 1);
  const most = Math.max(0, quota > 0 ? Math.ceil(quota / period) : 0, ...named);
  return most === 0 ? undefined : Math.min(most, mostCpus);
}

/** Refuses a list of CPUs that a VM of this size does not have. */
function checkCpuset({ cpusetCpus }: LimitOptions, cpus: number): void {
  const highest = Math.max(-1, ...(cpusetCpus?.split(/[-,]/).map(Number) ?? []));
  if (highest < cpus || cpusetCpus === undefined) return;
  const has = cpus === 1 ? "the VM has one CPU, 0" : `the VM has the CPUs 0-${cpus - 1}`;
  throw badValue("--cpuset-cpus", cpusetCpus, `${has}; --cpus gives it more`);
}
