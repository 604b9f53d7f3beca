import { hooksAfterDelete } from "../container/hooks.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import { phase } from "../events.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { defaultTimeoutMs, type Operation, operate } from "../operation/operate.ts";
import { refresh } from "../operation/refresh.ts";
import { assertAllowed } from "../operation/state.ts";
import { release } from "../store/record/record.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { stopSandbox, writesDisks } from "./stop.ts";

/**
 * Deletes a sandbox and all that it holds of the host. A running one is refused, unless `force` is set;
 * then nothing is asked of the guest, unless it writes to a disk that stays.
 */
export async function deleteSandbox(
  context: Context,
  connection: Connection,
  id: string,
  options: CallOptions & { force?: boolean },
): Promise<StoredSandbox | undefined> {
  const verb = { name: "delete", holding: "exclusive" } as const;
  try {
    return await operate(context, connection, id, verb, options, async (operation) => {
      if (options.force) await spareDisks(operation);
      else await assertDeletable(operation);
      await wipe(context, connection, id);
      await context.events.record({ type: "deleted", sandboxId: id });
      return operation.sandbox;
    });
  } catch (error) {
    const damaged = isVirtError(error, "STATE_INVALID") || (await isLeftover(context, id, error));
    if (!options.force || !damaged) throw error;
    await wipeLeftover(context, connection, id, options);
    return undefined;
  }
}

async function wipeLeftover(
  context: Context,
  connection: Connection,
  id: string,
  options: CallOptions,
): Promise<void> {
  using deadline = new Deadline(options, defaultTimeoutMs, "delete");
  using _lock = await context.store.lockLeftover(id, deadline.signal);
  await wipe(context, connection, id);
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

/** What a killed creator left before there was a state to read. */
async function isLeftover(context: Context, id: string, error: unknown): Promise<boolean> {
  return isVirtError(error, "SANDBOX_NOT_FOUND") && (await context.store.ids()).includes(id);
}

/** Damaged state names no hooks. */
async function runOwedHooks(context: Context, id: string): Promise<void> {
  const sandbox = await context.store.readIfThere(id).catch(() => undefined);
  if (sandbox === undefined) return;
  for (const container of sandbox.containers) await hooksAfterDelete(context, sandbox, container);
}

/** Releases everything in reverse; the folder with the ledger goes last. The caller holds the sandbox. */
export async function wipe(context: Context, connection: Connection, id: string): Promise<void> {
  await phase("delete", { sandboxId: id }, async () => {
    await connection.release();
    await context.store.ledger(id).releaseAll();
    await runOwedHooks(context, id);
    await release(context.host, { kind: "folder", path: context.store.folder(id).path });
  });
}
