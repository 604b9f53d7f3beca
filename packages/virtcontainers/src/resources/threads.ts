import type { RunningVm } from "../hypervisor/hypervisor.ts";
import type { Context } from "../operation/context.ts";
import type { Operation } from "../operation/run-verb.ts";
import type { StoredSandbox } from "../store/schema.ts";

/** Moves the threads that run the guest's CPUs into the sandbox's cgroup, if the VMM itself is in another. */
export async function placeThreads(
  context: Context,
  { cgroup }: StoredSandbox,
  vm: RunningVm,
  signal: AbortSignal,
): Promise<void> {
  if (cgroup?.overhead === undefined) return;
  await context.host.cgroups.placeThreads(cgroup.path, await vm.cpuThreads(signal));
}

/** Moves the threads of CPUs that were added into the sandbox's cgroup. */
export async function placeCpuThreads(operation: Operation): Promise<void> {
  const { context, sandbox, signal } = operation;
  if (sandbox.cgroup?.overhead === undefined) return;
  await placeThreads(context, sandbox, await operation.vm(), signal);
}
