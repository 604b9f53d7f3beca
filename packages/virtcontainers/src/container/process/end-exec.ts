import { isNotFound } from "../../agent/not-found.ts";
import { Deadline } from "../../deadline.ts";
import { isVirtError, VirtError } from "../../errors.ts";
import type { Connection } from "../../operation/connection.ts";
import type { Context } from "../../operation/context.ts";
import { recordPendingKill } from "../../operation/pending-kills.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import { isVmAlive } from "../../store/vm-alive.ts";

const sigkill = 9;
/** How long the guest may take to confirm that a command that was called off is dead. */
const confirmMs = 1_500;

/** A command, or what may become one: its id is known before the guest has answered. */
export interface BegunExec {
  context: Context;
  connection: Connection;
  sandboxId: string;
  /** Empty for a program of the guest itself. */
  containerId: string;
  execId: string;
}

/**
 * Ends a command that was called off at any moment, and gives the error of its caller: where the guest can't
 * confirm that nothing of it runs, the kill is owed, and the error says so.
 */
export async function endExec(exec: BegunExec, reason: unknown): Promise<unknown> {
  const { context, sandboxId, containerId, execId } = exec;
  const sandbox = await context.store.readIfThere(sandboxId).catch(() => undefined);
  if (sandbox?.vm === undefined || !(await isVmAlive(context, sandbox))) return reason;
  if (await isConfirmed(exec, sandbox)) return reason;
  await recordPendingKill(context, sandboxId, { marker: sandbox.vm.marker, containerId, execId });
  return unconfirmed(reason, sandboxId);
}

async function isConfirmed(exec: BegunExec, sandbox: StoredSandbox): Promise<boolean> {
  const { context, connection, containerId, execId } = exec;
  if (sandbox.state === "paused") return false;
  using limit = new Deadline({}, confirmMs, "kill");
  const { signal } = limit;
  try {
    const agent = await limit.race(connection.agent(sandbox, signal));
    await limit.race(agent.signalProcess(containerId, execId, sigkill, signal));
    // Its end is told to nobody else, so the guest may forget it.
    await limit.race(agent.waitProcess(containerId, execId, signal));
    return true;
  } catch (error) {
    if (isNotFound(error)) return true;
    return isVirtError(error, "SANDBOX_DEAD") && !(await isVmAlive(context, sandbox));
  }
}

function unconfirmed(reason: unknown, sandboxId: string): unknown {
  if (!isVirtError(reason)) return reason;
  return new VirtError(
    reason.code,
    `${reason.message}; the guest has not confirmed that the command has ended`,
    {
      cause: reason,
      sandboxId,
      phase: reason.phase,
      hint: "It is killed as soon as the sandbox can be asked again, by whoever uses it next.",
    },
  );
}
