import { type CgroupStats, type ContainerStats, noCgroupStats } from "../agent/stats.ts";
import { statsContainer } from "../container/verbs/stats.ts";
import { VirtError } from "../errors.ts";
import type { Operation } from "../operation/run-verb.ts";
import { assertAllowed } from "../operation/state.ts";
import { hostCgroupStats } from "../resources/host-stats.ts";

/** What a sandbox uses of the host: its VM, with all containers and the guest's own share. */
export interface SandboxStats {
  /** CPU time and memory of the VMM as the host counts them, of its cgroup if it has one; the rest is 0. */
  cgroupStats: CgroupStats;
  /** vCPUs. */
  cpus: number;
}

export async function statsSandbox(operation: Operation): Promise<SandboxStats> {
  const { context, sandbox } = operation;
  assertAllowed("statsSandbox", sandbox);
  const usage = sandbox.vm && (await context.host.processes.usage(sandbox.vm.process));
  if (usage === undefined) {
    throw new VirtError("SANDBOX_DEAD", `the VM of sandbox ${sandbox.id} is gone`, {
      sandboxId: sandbox.id,
      hint: "Start the sandbox again, or delete it.",
    });
  }
  const cgroupStats = noCgroupStats();
  const { userNs, systemNs, residentBytes } = usage;
  cgroupStats.cpuStats.cpuUsage = {
    totalUsage: userNs + systemNs,
    percpuUsage: [],
    usageInKernelmode: systemNs,
    usageInUsermode: userNs,
  };
  cgroupStats.memoryStats.usage.usage = residentBytes;
  const cpus = sandbox.size?.cpus ?? sandbox.config.hypervisorConfig?.numVCPUs ?? 1;
  return { cgroupStats: (await hostCgroupStats(context, sandbox)) ?? cgroupStats, cpus };
}

/** Of the sandbox, and of each container that has processes. */
export async function statsOfAll(
  operation: Operation,
): Promise<{ sandboxStats: SandboxStats; containerStats: ContainerStats[] }> {
  const sandboxStats = await statsSandbox(operation);
  const up = operation.sandbox.containers.filter(
    ({ state }) => state === "running" || state === "paused",
  );
  const containerStats = await Promise.all(up.map(({ id }) => statsContainer(operation, id)));
  return { sandboxStats, containerStats };
}
