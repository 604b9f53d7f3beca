import { isVirtError } from "../errors.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { deleteSandbox } from "./delete.ts";

/** Deletes a sandbox, running or not. One that is gone already, or another that has its id by now, is not touched. */
export async function disposeSandbox(
  context: Context,
  connection: Connection,
  { id, token }: Pick<StoredSandbox, "id" | "token">,
): Promise<void> {
  // Each sandbox has another token. What is damaged can't be told from it.
  const there = await context.store.readIfThere(id).catch(() => ({ token }));
  if (there?.token !== token) return;
  await unlessGone(deleteSandbox(context, connection, id, { force: true }));
}

/** Waits for a delete; a sandbox that is gone already is as good as deleted. */
export async function unlessGone(deleting: Promise<unknown>): Promise<void> {
  try {
    await deleting;
  } catch (error) {
    if (!isVirtError(error, "SANDBOX_NOT_FOUND")) throw error;
  }
}
