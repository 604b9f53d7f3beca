import { VirtError } from "../errors.ts";
import type { Operation } from "../operation/operate.ts";
import { spareMemory } from "./spare-memory.ts";
import type { VmSize } from "./sums.ts";
import { placeCpuThreads } from "./threads.ts";

/** Of an agent that can take CPUs out of use. */
const cpusFeature = "cpus";

/** Gives a running VM another size, memory first; what was reached is stored even if the rest fails. */
export async function resizeVm(operation: Operation, wanted: VmSize): Promise<VmSize> {
  const { sandbox } = operation;
  const size = { ...(sandbox.size ?? wanted) };
  let { memoryMiB } = size;
  if (wanted.memoryMiB !== size.memoryMiB) {
    memoryMiB = await resizeMemory(operation, wanted.memoryMiB, wanted.memoryMiB > size.memoryMiB);
    size.memoryMiB = wanted.memoryMiB;
    await keep(operation, size);
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

async function resizeMemory(
  operation: Operation,
  memoryMiB: number,
  grows: boolean,
): Promise<number> {
  const { context, signal } = operation;
  const vm = await operation.vm();
  const agent = await operation.agent();
  const request = { count: 0, wait: false, cpuOnly: false };
  // A guest with modules loads its drivers for memory devices at this call.
  await agent.onlineCPUMem(request, signal);
  const spareMiB = grows ? undefined : await spareMemory(agent, signal);
  context.host.failpoint("memory.resize.before");
  const reached = await vm.resizeMemory(memoryMiB, signal, spareMiB);
  context.host.failpoint("memory.resize.after");
  // And a kernel that does not take new memory into use by itself waits for this one.
  if (grows) await agent.onlineCPUMem(request, signal);
  return reached;
}

async function resizeCpus(operation: Operation, before: number, count: number): Promise<void> {
  const { context, sandbox, signal } = operation;
  const shrinks = count < before;
  const exact = sandbox.agentFeatures.includes(cpusFeature);
  if (shrinks && !exact) throw cannotShrink(sandbox.id);
  if (!shrinks) {
    const vm = await operation.vm();
    context.host.failpoint("cpus.plug.before");
    await vm.resizeCpus(count, signal);
    context.host.failpoint("cpus.plug.after");
  }
  const agent = await operation.agent();
  if (exact) await agent.setOnlineCpus(count, signal);
  else await agent.onlineCPUMem({ count: count - before, wait: true, cpuOnly: true }, signal);
  if (!shrinks) await placeCpuThreads(operation);
}

function cannotShrink(sandboxId: string): VirtError {
  return new VirtError(
    "NOT_SUPPORTED",
    `the guest agent of sandbox ${sandboxId} can't take CPUs out of use`,
    { sandboxId, field: "cpus", hint: "Use the guest files of this release." },
  );
}
