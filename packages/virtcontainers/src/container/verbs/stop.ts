import { isNotFound } from "../../agent/not-found.ts";
import { owe } from "../../operation/owed.ts";
import { markExited } from "../../operation/refresh.ts";
import { type Operation, within } from "../../operation/run-verb.ts";
import { assertAllowed, assertMove } from "../../operation/state.ts";
import { shrinkToFit } from "../../resources/fit.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { isVmAlive } from "../../store/vm-alive.ts";

const sigkill = 9;
/** How long a guest may take to end a container that its caller goes on without. */
const forcedMs = 5_000;

/** Stops a container, and tells so unless it had ended by itself. True if the guest has confirmed it. */
export async function stopContainer(
  operation: Operation,
  container: StoredContainer,
  force: boolean,
): Promise<boolean> {
  const { context, sandbox } = operation;
  const ended = container.state === "stopped";
  const confirmed = await endContainer(operation, container, force);
  if (ended) return confirmed;
  const { id: containerId, exitCode } = container;
  const exits = exitCode === undefined ? [] : [{ containerId, exitCode }];
  await context.events.hearOut(sandbox, exits);
  await context.events.record({ type: "stopped", sandboxId: sandbox.id, containerId });
  return confirmed;
}

/**
 * Kills all processes of a container and removes it in the guest. `force` goes on past what the guest refuses or does
 * not answer; that is owed then, and false the answer.
 */
export async function endContainer(
  operation: Operation,
  container: StoredContainer,
  force: boolean,
): Promise<boolean> {
  const { context, sandbox } = operation;
  assertAllowed("stopContainer", sandbox, container);
  const ended = container.state === "stopped";
  if (!ended) assertMove("container", container.id, container.state, "stopped");
  if (!(await isVmAlive(context, sandbox))) {
    if (!ended) markExited(container, 137, undefined);
    return true;
  }
  const hasRun = isUp(container);
  try {
    const exitCode = await within(operation, force ? forcedMs : undefined, "stop", (limited) =>
      killAndRemove(limited, container),
    );
    if (!ended) markExited(container, exitCode, new Date());
    if (!force) await shrinkToFit(operation);
    return true;
  } catch (error) {
    if (!force) throw error;
    await owe(context, sandbox, { kind: "container", containerId: container.id });
    if (!ended) markExited(container, hasRun ? 137 : undefined, new Date());
    return false;
  }
}

function isUp({ state }: StoredContainer): boolean {
  return state === "running" || state === "paused";
}

/** The exit code, or undefined if it had never been started. */
async function killAndRemove(
  operation: Operation,
  container: StoredContainer,
): Promise<number | undefined> {
  const { signal } = operation;
  const agent = await operation.agent();
  let exitCode: number | undefined;
  const runs = isUp(container);
  if (runs) await agent.signalProcess(container.id, "", sigkill, signal).catch(ignoreGone);
  // What hangs in a dead share can be killed, but does not end.
  using _share = await watchShare(operation, container);
  if (runs) {
    exitCode = await agent.waitProcess(container.id, "", signal).catch(ignoreGone);
  }
  await agent.removeContainer(container.id, signal).catch(ignoreGone);
  return exitCode;
}

/** What is gone already needs no stopping. */
export function ignoreGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
