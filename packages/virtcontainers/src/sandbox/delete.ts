import { hooksAfterDelete } from "../container/hooks.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import { phase } from "../events.ts";
import { tellDisconnected } from "../network/tell-members.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { refresh } from "../operation/refresh.ts";
import { defaultTimeoutMs, type Operation, runVerb } from "../operation/run-verb.ts";
import { assertAllowed } from "../operation/state.ts";
import { whileHeld } from "../operation/while-held.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { stopSandbox, writesDisks } from "./stop.ts";

/**
 * Deletes a sandbox and all that it holds of the host. A running one is refused, unless `force` is set;
 * then nothing is asked of the guest, unless it writes to a disk that stays. `force` also removes what is damaged,
 * or was never whole.
 */
export async function deleteSandbox(
  context: Context,
  connection: Connection,
  id: string,
  options: CallOptions & { force?: boolean },
): Promise<StoredSandbox | undefined> {
  using deadline = new Deadline(options, defaultTimeoutMs, "delete");
  const { signal } = deadline;
  const force = options.force ?? false;
  for (;;) {
    try {
      return await deleteWhole(context, connection, id, { signal, force });
    } catch (error) {
      if (!force || !isVirtError(error, "STATE_INVALID", "SANDBOX_NOT_FOUND")) throw error;
      const found = await deleteLeftover(context, connection, id, deadline);
      if (found === "leftover") return undefined;
      if (found === "nothing" || isVirtError(error, "STATE_INVALID")) throw error;
    }
  }
}

async function deleteWhole(
  context: Context,
  connection: Connection,
  id: string,
  { signal, force }: { signal: AbortSignal; force: boolean },
): Promise<StoredSandbox> {
  const verb = { name: "delete", holding: "exclusive", timeoutMs: undefined } as const;
  return await runVerb(context, connection, id, verb, { signal }, async (operation) => {
    if (force) await spareDisks(operation);
    else await assertDeletable(operation);
    await wipe(operation.context, connection, id, { sandbox: operation.sandbox });
    return operation.sandbox;
  });
}

/** What is found under the lock is removed, unless somebody has made a whole sandbox of it meanwhile. */
async function deleteLeftover(
  context: Context,
  connection: Connection,
  id: string,
  deadline: Deadline,
): Promise<"nothing" | "leftover" | "whole"> {
  const hold = await context.store.lockLeftover(id, deadline.signal);
  if (hold === undefined) return "nothing";
  return await whileHeld(context, hold, deadline, async (held) => {
    const sandbox = await readDamaged(held, id);
    if (sandbox !== "damaged" && sandbox !== undefined && !sandbox.deleting) return "whole";
    await wipe(held, connection, id, { sandbox });
    return "leftover";
  });
}

/** A sandbox of any kind, or what its state is instead. */
export async function readDamaged(
  context: Context,
  id: string,
): Promise<StoredSandbox | "damaged" | undefined> {
  try {
    return await context.store.readLeftover(id);
  } catch (error) {
    if (isVirtError(error, "STATE_INVALID")) return "damaged";
    throw error;
  }
}

async function assertDeletable(operation: Operation): Promise<void> {
  const { context, sandbox, connection, signal } = operation;
  await refresh(context, sandbox, connection, signal);
  assertAllowed("deleteSandbox", sandbox);
  if (sandbox.state === "ready") await stopSandbox(operation, false);
}

/** What was written to disks that stay has to get there, so the guest is asked to end. */
async function spareDisks(operation: Operation): Promise<void> {
  const { context, sandbox } = operation;
  if (sandbox.state !== "ready" && sandbox.state !== "running") return;
  if (!writesDisks(sandbox)) return;
  try {
    await stopSandbox(operation, false);
  } catch (error) {
    operation.signal.throwIfAborted();
    const fields = { err: error, sandboxId: sandbox.id };
    context.logger.warn(
      fields,
      "the guest did not end by itself; its disks are as after a power cut",
    );
  }
}

/**
 * Releases everything in reverse, and tells so; the folder with the ledger goes last, and only then is the id free.
 * The caller holds the sandbox.
 */
export async function wipe(
  context: Context,
  connection: Connection,
  id: string,
  { sandbox, reason }: { sandbox: StoredSandbox | "damaged" | undefined; reason?: string },
): Promise<void> {
  await phase("delete", { sandboxId: id }, async () => {
    await connection.release();
    await context.store.ledger(id).releaseAll();
    // Damaged state names no hooks.
    if (typeof sandbox === "object") await runOwedHooks(context, sandbox);
    await tellDeleted(context, id, sandbox, reason);
    await context.store.remove(id);
  });
}

async function runOwedHooks(context: Context, sandbox: StoredSandbox): Promise<void> {
  for (const container of sandbox.containers) await hooksAfterDelete(context, sandbox, container);
}

/** One that was never whole was never told of. */
async function tellDeleted(
  context: Context,
  id: string,
  sandbox: StoredSandbox | "damaged" | undefined,
  reason: string | undefined,
): Promise<void> {
  const told = { type: "deleted", sandboxId: id, reason } as const;
  if (sandbox === "damaged") return await context.events.record(told);
  if (sandbox === undefined || sandbox.state === "creating") return;
  // Who comes after one that was killed here tells it no second time.
  const known = sandbox.deleting;
  await markDeleting(context, sandbox);
  if (!known) await tellDisconnected(context, sandbox);
  await context.events.record({ ...told, key: `deleted ${id} ${sandbox.createdAt}` });
}

/** From here on it is nobody's sandbox, whoever is killed. A full disk hinders no removal. */
async function markDeleting(context: Context, sandbox: StoredSandbox): Promise<void> {
  if (sandbox.deleting) return;
  sandbox.deleting = true;
  await context.store.write(sandbox).catch((error: unknown) => {
    if (!isVirtError(error, "NO_SPACE")) throw error;
  });
}
