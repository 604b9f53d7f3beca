import { phase } from "../events.ts";
import { resolveStored } from "../operation/resolve.ts";
import type { Operation } from "../operation/run-verb.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import type { VmSize } from "../store/vm-size.ts";
import { limitHostCgroup } from "./host-cgroup.ts";
import { resizeVm } from "./resize-vm.ts";
import { wantedSize } from "./vm-size.ts";

/** Grows the VM to what its containers may use by their limits; a driver that can't is left as it is. */
export async function growToFit(operation: Operation): Promise<void> {
  const wanted = await fittingSize(operation);
  const size = operation.sandbox.size;
  if (wanted === undefined || size === undefined) return;
  const grown = {
    cpus: Math.max(size.cpus, wanted.cpus),
    memoryMiB: Math.max(size.memoryMiB, wanted.memoryMiB),
  };
  await change(operation, size, grown);
}

/**
 * Takes back what no container asks for any more: CPUs, and memory that the VM can be without for good. Its
 * failure fails nobody, for what is left too large still works.
 */
export async function shrinkToFit(operation: Operation): Promise<void> {
  const { context, sandbox } = operation;
  try {
    const wanted = await fittingSize(operation);
    const size = sandbox.size;
    if (wanted === undefined || size === undefined || !(await isVmAlive(context, sandbox))) return;
    const { virtioMem } = await resolveStored(context, operation.hypervisor, sandbox);
    const shrunk = {
      cpus: sandbox.agentFeatures.includes("cpus") ? Math.min(size.cpus, wanted.cpus) : size.cpus,
      memoryMiB: virtioMem ? Math.min(size.memoryMiB, wanted.memoryMiB) : size.memoryMiB,
    };
    await change(operation, size, shrunk);
  } catch (error) {
    operation.signal.throwIfAborted();
    const fields = { err: error, sandboxId: sandbox.id };
    context.logger.warn(fields, "the VM could not be made smaller");
  }
}

async function fittingSize(operation: Operation): Promise<VmSize | undefined> {
  const { context, sandbox } = operation;
  if (sandbox.vm === undefined || sandbox.state === "paused") return undefined;
  return await wantedSize(context, operation.hypervisor, sandbox);
}

async function change(operation: Operation, from: VmSize, to: VmSize): Promise<void> {
  if (to.cpus === from.cpus && to.memoryMiB === from.memoryMiB) return;
  const { sandbox } = operation;
  const { capabilities } = operation.hypervisor;
  const possible = {
    cpus: capabilities.cpuHotplug ? to.cpus : from.cpus,
    memoryMiB: capabilities.memoryHotplug ? to.memoryMiB : from.memoryMiB,
  };
  await phase("hypervisor.resize", { sandboxId: sandbox.id }, () => resizeVm(operation, possible));
  await limitHostCgroup(operation);
}
