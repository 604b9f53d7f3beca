import { type Resize, ResizeSchema } from "../config/resize.ts";
import { invalidArgument, isVirtError, VirtError, withDetails } from "../errors.ts";
import { phase } from "../events.ts";
import { assertCan } from "../hypervisor/abilities.ts";
import { refresh } from "../operation/refresh.ts";
import { resolveStored } from "../operation/resolve.ts";
import { type Operation, undo } from "../operation/run-verb.ts";
import { assertAllowed } from "../operation/state.ts";
import type { VmSize } from "../store/vm-size.ts";
import { parse } from "../validate.ts";
import { limitHostCgroup } from "./host-cgroup.ts";
import { resizeVm } from "./resize-vm.ts";
import { demandOf, largestSize, wantedSize } from "./vm-size.ts";

/**
 * Gives the VM of a running sandbox another size: all that the guest has, its containers' shares within. A
 * later change of a container adds to it or takes from it. Gives the size that was reached.
 */
export async function resizeSandbox(operation: Operation, input: Resize): Promise<VmSize> {
  const { context, sandbox, connection, signal } = operation;
  const asked = parse(ResizeSchema, input);
  await refresh(context, sandbox, connection, signal);
  assertAllowed("resizeSandbox", sandbox);
  const now = sandbox.size ?? (await wantedSize(context, operation.hypervisor, sandbox));
  const wanted = { cpus: asked.cpus ?? now.cpus, memoryMiB: asked.memoryMiB ?? now.memoryMiB };
  const demand = demandOf(sandbox);
  if (wanted.cpus < demand.cpusetCpus) {
    throw invalidArgument(
      "cpus",
      wanted.cpus,
      `a container's cpuset names CPU ${demand.cpusetCpus - 1}, so there must be ${demand.cpusetCpus}`,
    );
  }
  await checkLargest(operation, now, wanted);
  let reached: VmSize;
  try {
    reached = await phase("hypervisor.resize", { sandboxId: sandbox.id }, () =>
      resizeVm(operation, wanted),
    );
  } catch (error) {
    const half = sandbox.size ?? now;
    if (half.cpus === now.cpus && half.memoryMiB === now.memoryMiB) throw error;
    await undo(operation, () => keepSize(operation, half));
    throw halfDone(error, half);
  }
  await keepSize(operation, wanted);
  return reached;
}

/** What a VM has got stays with it, whatever its containers ask for later. */
async function keepSize(operation: Operation, size: VmSize): Promise<void> {
  const { context, sandbox } = operation;
  const demand = demandOf(sandbox);
  sandbox.baseSize = {
    cpus: size.cpus - demand.cpus,
    memoryMiB: size.memoryMiB - demand.memoryMiB,
  };
  await operation.save();
  await limitHostCgroup(operation);
  await context.events.record({ type: "updated", sandboxId: sandbox.id });
}

/** Memory that a guest uses can't be taken back, so what went well stays, and is told. */
function halfDone(error: unknown, { cpus, memoryMiB }: VmSize): unknown {
  if (!isVirtError(error)) return error;
  const message = `${error.message}; the VM has ${memoryMiB} MiB and ${cpus} ${cpus === 1 ? "CPU" : "CPUs"} now`;
  return withDetails(error, {}, message);
}

/** Before anything is changed. */
async function checkLargest(
  { context, sandbox, hypervisor }: Operation,
  now: VmSize,
  wanted: VmSize,
): Promise<void> {
  const largest = largestSize(await resolveStored(context, hypervisor, sandbox));
  for (const [field, limit, ability] of [
    ["cpus", "defaultMaxVCPUs", "resizeCpus"],
    ["memoryMiB", "defaultMaxMemoryMiB", "resizeMemory"],
  ] as const) {
    if (wanted[field] === now[field]) continue;
    assertCan(hypervisor, ability, sandbox.id);
    if (wanted[field] <= largest[field]) continue;
    throw new VirtError(
      "NOT_SUPPORTED",
      `${field}: ${wanted[field]} is more than the ${largest[field]} that the VM of sandbox ${sandbox.id} can be grown to`,
      {
        field,
        sandboxId: sandbox.id,
        hint: `Create the sandbox with a larger hypervisorConfig.${limit}.`,
      },
    );
  }
}
