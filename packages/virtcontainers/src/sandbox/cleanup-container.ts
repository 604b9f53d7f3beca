import { deleteContainer } from "../container/verbs/delete.ts";
import { stopContainer } from "../container/verbs/stop.ts";
import { containerNotFound, isVirtError } from "../errors.ts";
import { refresh } from "../operation/refresh.ts";
import type { Operation } from "../operation/run-verb.ts";
import { wipe } from "./delete.ts";
import { stopSandbox } from "./stop.ts";

/**
 * Stops and deletes a container, and the sandbox with it when no other is left, under one lock. `force` goes
 * on past what the guest refuses and a container that is gone already.
 */
export async function cleanupContainer(
  operation: Operation,
  containerId: string,
  force: boolean,
): Promise<void> {
  const { context, sandbox, connection, signal } = operation;
  await refresh(context, sandbox, connection, signal);
  const container = sandbox.containers.find((other) => other.id === containerId);
  if (container === undefined && !force) throw containerNotFound(sandbox.id, containerId);
  const isLast = sandbox.containers.every((other) => other === container);
  // With the sandbox goes all that is in it; a guest that does not answer is not asked.
  if (container !== undefined && !(isLast && force)) {
    await stopContainer(operation, container, force);
    await deleteContainer(operation, container);
  }
  if (!isLast) return;
  await stopSandbox(operation, force).catch((error: unknown) => {
    if (!force || !isVirtError(error)) throw error;
  });
  await wipe(context, connection, sandbox.id, { sandbox });
}
