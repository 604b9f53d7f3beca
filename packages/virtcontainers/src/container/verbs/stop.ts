import { isNotFound } from "../../agent/not-found.ts";
import { markExited } from "../../operation/refresh.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { assertAllowed, assertMove } from "../../operation/state.ts";
import { shrinkToFit } from "../../resources/fit.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { isVmAlive } from "../../store/vm-alive.ts";

const sigkill = 9;

/** Stops a container, and tells so unless it had ended by itself. */
export async function stopContainer(
  operation: Operation,
  container: StoredContainer,
  force: boolean,
): Promise<void> {
  const { context, sandbox } = operation;
  const ended = container.state === "stopped";
  await endContainer(operation, container, force);
  if (ended) return;
  const { id: containerId, exitCode } = container;
  const exits = exitCode === undefined ? [] : [{ containerId, exitCode }];
  await context.events.hearOut(sandbox, exits);
  await context.events.record({ type: "stopped", sandboxId: sandbox.id, containerId });
}

/** Kills all processes of a container and removes it in the guest. `force` goes on past what the guest refuses. */
export async function endContainer(
  operation: Operation,
  container: StoredContainer,
  force: boolean,
): Promise<void> {
  const { context, sandbox, signal } = operation;
  assertAllowed("stopContainer", sandbox, container);
  const ended = container.state === "stopped";
  if (!ended) assertMove("container", container.id, container.state, "stopped");
  if (!(await isVmAlive(context, sandbox))) {
    if (!ended) markExited(container, 137, undefined);
    return;
  }
  try {
    const exitCode = await killAndRemove(operation, container, signal);
    if (!ended) markExited(container, exitCode, new Date());
    if (!force) await shrinkToFit(operation);
  } catch (error) {
    if (!force) throw error;
    if (!ended) markExited(container, 137, new Date());
  }
}

/** The exit code, or undefined if it had never been started. */
async function killAndRemove(
  operation: Operation,
  container: StoredContainer,
  signal: AbortSignal,
): Promise<number | undefined> {
  const agent = await operation.agent();
  let exitCode: number | undefined;
  const runs = container.state === "running" || container.state === "paused";
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
