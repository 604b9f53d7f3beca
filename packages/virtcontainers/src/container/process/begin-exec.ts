import { cancelExecFeature } from "../../agent/features.ts";
import { isVirtError } from "../../errors.ts";
import { assertPays } from "../../operation/owed.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { endExec } from "./end-exec.ts";

/**
 * Has the guest start a process, and then what belongs to its start on the host. What was begun does not outlive
 * its caller's patience.
 */
export async function beginExec<T>(
  operation: Operation,
  process: { containerId: string; execId: string },
  start: (signal: AbortSignal) => Promise<void>,
  connect: () => Promise<T>,
): Promise<T> {
  const { context, connection, sandbox, deadline, signal } = operation;
  await assertPays(context, sandbox);
  // Where a kill does not hold for what comes later, the answer is waited for beyond the call.
  const canCancel = sandbox.agentFeatures.includes(cancelExecFeature);
  const answered = start(canCancel ? signal : new AbortController().signal);
  const begun = { context, connection, sandboxId: sandbox.id, ...process, answered };
  try {
    await deadline.race(answered);
  } catch (error) {
    throw isRefusal(error) ? error : await endExec(begun, error);
  }
  try {
    const connected = await connect();
    signal.throwIfAborted();
    return connected;
  } catch (error) {
    throw await endExec(begun, error);
  }
}

/** True if the agent has answered that it has started nothing. */
function isRefusal(error: unknown): boolean {
  return isVirtError(error, "AGENT_ERROR", "COMMAND_NOT_FOUND", "COMMAND_NOT_EXECUTABLE");
}
