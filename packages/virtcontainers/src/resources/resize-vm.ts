import { isVirtError, VirtError, withDetails } from "../errors.ts";
import type { Operation } from "../operation/run-verb.ts";
import type { VmSize } from "../store/vm-size.ts";
import { growthStep } from "./growth-step.ts";
import { spareMemory } from "./spare-memory.ts";
import { placeCpuThreads } from "./threads.ts";

/** Of an agent that can take CPUs out of use. */
const cpusFeature = "cpus";

/** Gives a running VM another size, memory first; what was reached is stored even if the rest fails. */
export async function resizeVm(operation: Operation, wanted: VmSize): Promise<VmSize> {
  const { sandbox } = operation;
  const size = { ...(sandbox.size ?? wanted) };
  let { memoryMiB } = size;
  if (wanted.memoryMiB !== size.memoryMiB) {
    memoryMiB = await resizeMemory(operation, size, wanted.memoryMiB);
  }
  if (wanted.cpus !== size.cpus) {
    await resizeCpus(operation, size.cpus, wanted.cpus);
    size.cpus = wanted.cpus;
    await keep(operation, size);
  }
  return { cpus: size.cpus, memoryMiB };
}

async function keep(operation: Operation, size: VmSize): Promise<void> {
  operation.sandbox.size = { ...size };
  await operation.save();
}

/** Grows in steps that the guest can bear; each that was reached is stored. Gives what the guest has then. */
async function resizeMemory(
  operation: Operation,
  size: VmSize,
  memoryMiB: number,
): Promise<number> {
  const { context, signal } = operation;
  const vm = await operation.vm("resizeMemory");
  const agent = await operation.agent();
  const request = { count: 0, wait: false, cpuOnly: false };
  // A guest with modules loads its drivers for memory devices at this call.
  await agent.onlineCPUMem(request, signal);
  for (;;) {
    const grows = memoryMiB > size.memoryMiB;
    const spareMiB = await spareMemory(agent, signal);
    const most = size.memoryMiB + growthStep(size.memoryMiB, spareMiB);
    const next = Math.min(memoryMiB, most);
    context.host.failpoint("memory.resize.before");
    const reached = await vm.resizeMemory(next, signal, grows ? undefined : spareMiB);
    context.host.failpoint("memory.resize.after");
    // And a kernel that does not take new memory into use by itself waits for this one.
    if (grows) await agent.onlineCPUMem(request, signal);
    size.memoryMiB = next;
    await keep(operation, size);
    if (next === memoryMiB) return reached;
  }
}

async function resizeCpus(operation: Operation, before: number, count: number): Promise<void> {
  const { context, sandbox, signal } = operation;
  const shrinks = count < before;
  const exact = sandbox.agentFeatures.includes(cpusFeature);
  if (shrinks && !exact) throw cannotShrink(sandbox.id);
  if (!shrinks) {
    const vm = await operation.vm("resizeCpus");
    context.host.failpoint("cpus.plug.before");
    await vm.resizeCpus(count, signal);
    context.host.failpoint("cpus.plug.after");
  }
  const agent = await operation.agent();
  const taken = exact
    ? agent.setOnlineCpus(count, signal)
    : agent.onlineCPUMem({ count, wait: true, cpuOnly: true }, signal);
  await taken.catch((error: unknown) => {
    throw shrinks ? error : explainHidden(error);
  });
  if (!shrinks) await placeCpuThreads(operation);
}

/** A kernel that has left room for fewer CPUs at its boot never sees those that are plugged in. */
function explainHidden(error: unknown): unknown {
  if (!isVirtError(error, "AGENT_ERROR")) return error;
  return withDetails(error, {
    hint: "The guest's kernel may have left out CPUs that were not there at its boot, as Linux 6.12 does under emulation: it needs KVM, the tuned kernel or Linux 6.1. Or begin with as many CPUs: numVCPUs.",
  });
}

function cannotShrink(sandboxId: string): VirtError {
  return new VirtError(
    "NOT_SUPPORTED",
    `the guest agent of sandbox ${sandboxId} can't take CPUs out of use`,
    { sandboxId, field: "cpus", hint: "Use the guest files of this release." },
  );
}
