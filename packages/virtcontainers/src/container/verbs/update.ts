import { type LinuxResources, LinuxResourcesSchema } from "../../config/resources.ts";
import { VirtError } from "../../errors.ts";
import { type Operation, undo } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
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
  checkLimits(change, "resources");
  assertAllowed("updateContainer", sandbox, container);
  if (change.devices !== undefined) throw fixed(container, "devices");
  const before = container.config;
  container.config = { ...before, resources: merged(before.resources ?? {}, change) };
  try {
    await growToFit(operation);
    const agent = await operation.agent();
    context.host.failpoint("update.before");
    await agent.updateContainer(
      container.id,
      resourcesSpec(container.config.resources ?? {}),
      signal,
    );
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

/** Within a group such as memory, too, what is not named stays. */
function merged(before: LinuxResources, change: LinuxResources): LinuxResources {
  return {
    ...before,
    ...change,
    ...(change.memory && { memory: { ...before.memory, ...change.memory } }),
    ...(change.cpu && { cpu: { ...before.cpu, ...change.cpu } }),
  };
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
