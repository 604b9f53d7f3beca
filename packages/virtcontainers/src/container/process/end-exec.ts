import { cancelExecFeature } from "../../agent/features.ts";
import { isNotFound } from "../../agent/not-found.ts";
import { Deadline } from "../../deadline.ts";
import { isVirtError } from "../../errors.ts";
import type { Connection } from "../../operation/connection.ts";
import type { Context } from "../../operation/context.ts";
import { owe, unconfirmed } from "../../operation/owed.ts";
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
  /** Settles with the guest's answer to the request for its start; absent: that has come. */
  answered?: Promise<unknown> | undefined;
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
  await owe(context, sandbox, { kind: "process", containerId, execId });
  return unconfirmed(reason, sandboxId, "the command has ended");
}

async function isConfirmed(exec: BegunExec, sandbox: StoredSandbox): Promise<boolean> {
  const { context, connection, containerId, execId } = exec;
  if (sandbox.state === "paused") return false;
  using limit = new Deadline({}, confirmMs, "kill");
  const { signal } = limit;
  try {
    const agent = await limit.race(connection.agent(sandbox, signal));
    // An agent whose kills hold only for what is there already has to have started it.
    if (!sandbox.agentFeatures.includes(cancelExecFeature))
      await limit.race(Promise.allSettled([exec.answered]));
    await limit.race(agent.signalProcess(containerId, execId, sigkill, signal));
    // Its end is told to nobody else, so the guest may forget it.
    await limit.race(agent.waitProcess(containerId, execId, signal));
    return true;
  } catch (error) {
    if (isNotFound(error)) return true;
    return isVirtError(error, "SANDBOX_DEAD") && !(await isVmAlive(context, sandbox));
  }
}
