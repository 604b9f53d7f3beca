import type { Context } from "../context.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import { Connection } from "./connection.ts";
import { wipe } from "./delete.ts";
import { defaultTimeoutMs } from "./operate.ts";

/**
 * Releases what killed processes left: sandboxes that were never whole, and those of an earlier boot of the
 * host. Living ones, and stopped ones that a user may still want to look at, are not touched. Gives the ids.
 */
export async function reclaim(
  context: Context,
  only: string | undefined,
  options: CallOptions,
): Promise<string[]> {
  using deadline = new Deadline(options, defaultTimeoutMs, "reclaim");
  const reclaimed: string[] = [];
  for (const id of await context.store.ids()) {
    deadline.check();
    if (only !== undefined && id !== only) continue;
    if (await reclaimOne(context, id, deadline.signal)) reclaimed.push(id);
  }
  return reclaimed;
}

async function reclaimOne(context: Context, id: string, signal: AbortSignal): Promise<boolean> {
  // Whoever is still at work on it holds its lock; then it is not ours to judge.
  if (!(await context.store.isUnlocked(id))) return false;
  using lock = await context.store.lockLeftover(id, signal);
  if (lock === undefined || !(await isLeft(context, id))) return false;
  await wipe(context, new Connection(context, id), id);
  return true;
}

async function isLeft(context: Context, id: string): Promise<boolean> {
  try {
    const sandbox = await context.store.readIfThere(id);
    if (sandbox === undefined || sandbox.state === "creating") return true;
    return sandbox.bootId !== (await context.host.bootId());
  } catch (error) {
    if (isVirtError(error, "STATE_INVALID")) return false;
    throw error;
  }
}
