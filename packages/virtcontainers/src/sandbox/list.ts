import { type CallOptions, Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { defaultTimeoutMs } from "../operation/operate.ts";
import { refresh } from "../operation/refresh.ts";
import { type SandboxStatus, sandboxStatus } from "./status.ts";

/** How long one sandbox may take to say how its containers are, before its last known state is shown. */
const refreshTimeoutMs = 5_000;

/** All sandboxes of the user, the oldest first. One that is being deleted meanwhile is left out. */
export async function listSandboxes(
  context: Context,
  options: CallOptions,
): Promise<SandboxStatus[]> {
  using deadline = new Deadline(options, defaultTimeoutMs, "list");
  const ids = await context.store.ids();
  const found = await deadline.race(
    Promise.all(ids.map((id) => statusOf(context, id, deadline.signal))),
  );
  return found
    .filter((status) => status !== undefined)
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

async function statusOf(
  context: Context,
  id: string,
  signal: AbortSignal,
): Promise<SandboxStatus | undefined> {
  const connection = new Connection(context, id);
  try {
    const sandbox = await context.store.readIfThere(id);
    if (sandbox === undefined) return undefined;
    const before = sandbox.state;
    try {
      // AbortSignal.any holds its parts weakly: an AbortSignal.timeout could be collected before it fires.
      using limit = new Deadline({ signal }, refreshTimeoutMs, "list");
      await refresh(context, sandbox, connection, limit.signal);
    } catch (error) {
      signal.throwIfAborted();
      context.logger.warn(
        { err: error, sandboxId: id },
        "its containers' present state could not be learnt",
      );
    }
    if (sandbox.state !== before) await noticeDeath(context, id);
    return await sandboxStatus(context, sandbox);
  } catch (error) {
    if (!isVirtError(error, "STATE_INVALID", "SANDBOX_NOT_FOUND")) throw error;
    context.logger.warn({ err: error, sandboxId: id }, "a sandbox is left out of the list");
    return undefined;
  } finally {
    await connection.release();
  }
}

/** Tells of the end of a VM that nobody has told of; who works on the sandbox does so himself. */
async function noticeDeath(context: Context, id: string): Promise<void> {
  using lock = await context.store.lockIfFree(id);
  if (lock === undefined) return;
  const sandbox = await context.store.readIfThere(id);
  if (sandbox !== undefined) await context.events.catchUp(sandbox);
}
