import { type LinuxResources, LinuxResourcesSchema } from "../../config/resources.ts";
import { invalidArgument, VirtError } from "../../errors.ts";
import { type Operation, undo } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { parseCpuset } from "../../resources/cpuset.ts";
import { growToFit, shrinkToFit } from "../../resources/fit.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { parse } from "../../validate.ts";
import { checkLimits } from "../spec/limits.ts";
import { resourcesSpec } from "../spec/spec.ts";

/**
 * Changes the limits of a container while it runs; what is not named stays. The VM grows before the container
 * may use more, and shrinks after it uses less.
 */
export async function updateContainer(
  operation: Operation,
  container: StoredContainer,
  input: LinuxResources,
): Promise<void> {
  const { context, sandbox, signal } = operation;
  const change = parse(LinuxResourcesSchema, input, "resources");
  const before = container.config;
  const resources = merged(before.resources ?? {}, change);
  checkLimits(resources, "resources");
  assertAllowed("updateContainer", sandbox, container);
  if (change.devices !== undefined) throw fixed(container, "devices");
  container.config = { ...before, resources };
  try {
    await growToFit(operation);
    checkCpus(resources, sandbox.size?.cpus);
    const agent = await operation.agent();
    context.host.failpoint("update.before");
    await agent.updateContainer(container.id, resourcesSpec(resources), signal);
  } catch (error) {
    container.config = before;
    await undo(operation, shrinkToFit);
    throw error;
  }
  await shrinkToFit(operation);
  await context.events.record({
    type: "updated",
    sandboxId: sandbox.id,
    containerId: container.id,
  });
}

/** Where the size of the VM is its owner's alone, it has not grown to what is named. */
function checkCpus({ cpu }: LinuxResources, cpus: number | undefined): void {
  const named = parseCpuset(cpu?.cpus ?? "");
  if (cpus === undefined || named.every((number) => number < cpus)) return;
  const has = cpus === 1 ? "one CPU, 0" : `the CPUs 0-${cpus - 1}`;
  throw invalidArgument("resources.cpu.cpus", cpu?.cpus, `the VM has ${has}: give it more first`);
}

/** Within a group such as memory, too, what is not named stays. */
function merged(before: LinuxResources, change: LinuxResources): LinuxResources {
  return {
    ...before,
    ...named(change),
    ...(change.memory && { memory: { ...before.memory, ...named(change.memory) } }),
    ...(change.cpu && { cpu: { ...before.cpu, ...named(change.cpu) } }),
  };
}

/** Without what is there as undefined, which names nothing. */
function named<T extends object>(fields: T): Partial<T> {
  const all: Partial<T> = { ...fields };
  for (const [key, value] of Object.entries(all))
    if (value === undefined) Reflect.deleteProperty(all, key);
  return all;
}

function fixed(container: StoredContainer, field: string): VirtError {
  return new VirtError(
    "NOT_SUPPORTED",
    `${field} of a container can't be changed once it is made`,
    {
      containerId: container.id,
      field: `resources.${field}`,
      hint: "Delete the container and create it with other resources.",
    },
  );
}
