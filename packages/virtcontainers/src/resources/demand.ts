import type { LinuxResources } from "../config/resources.ts";
import type { State } from "../config/state.ts";
import type { VmSize } from "../store/vm-size.ts";
import { parseCpuset } from "./cpuset.ts";

const mebibyte = 1024 * 1024;

/** What the sums need to know of a container. */
export interface Consumer {
  state: State;
  config: { resources?: LinuxResources | undefined };
}

/** What the containers that are not stopped may use by their limits, beside what the VM has for itself. */
export interface Demand extends VmSize {
  /** The CPUs that must be there for the containers' cpusets: one more than the highest number. */
  cpusetCpus: number;
}

/**
 * Sums the limits of the containers up: CPU time as quota divided by period, memory with huge pages. What has
 * no limit asks for nothing; stopped containers do not count.
 */
export function containerDemand(containers: Iterable<Consumer>): Demand {
  const demand: Demand = { cpus: 0, memoryMiB: 0, cpusetCpus: 0 };
  for (const { state, config } of containers) {
    if (state === "stopped") continue;
    const { cpu, memory, hugepageLimits } = config.resources ?? {};
    demand.cpus += cpuLimit(cpu);
    demand.cpusetCpus = Math.max(
      demand.cpusetCpus,
      ...parseCpuset(cpu?.cpus ?? "").map((n) => n + 1),
    );
    const bytes = Math.max(0, memory?.limit ?? 0);
    const huge = (hugepageLimits ?? []).reduce((sum, { limit }) => sum + limit, 0);
    demand.memoryMiB += Math.ceil((bytes + huge) / mebibyte);
  }
  return demand;
}

/**
 * The size of the VM: what it has for itself and what its containers may use on top of that, as many CPUs as
 * their cpusets name, and never more than the VM can be grown to.
 */
export function vmSize(base: VmSize, demand: Demand, most: VmSize): VmSize {
  // Quotas are whole microseconds, so what is over a whole number by less comes from the sum.
  const summed = Math.ceil(Math.round((base.cpus + demand.cpus) * 1e6) / 1e6);
  return {
    cpus: Math.max(1, Math.min(most.cpus, Math.max(summed, demand.cpusetCpus))),
    memoryMiB: Math.min(most.memoryMiB, Math.ceil(base.memoryMiB + demand.memoryMiB)),
  };
}

/** How many CPUs' worth of time; 0 if there is no limit. The period is 100 ms unless it is said. */
function cpuLimit(cpu: LinuxResources["cpu"]): number {
  const { quota = 0, period = 0 } = cpu ?? {};
  return quota <= 0 ? 0 : quota / (period || 100_000);
}
