import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { isVirtError } from "../../errors.ts";
import { locked, type StoreContext } from "./context.ts";
import { unlessMissing } from "./files.ts";
import { finishRemovals } from "./remove.ts";
import { sweepStaging } from "./staging.ts";

/** Removes what killed operations left, and the uses of sandboxes that are gone; gives the paths. */
export async function sweep(
  context: StoreContext,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  if ((await unlessMissing(stat(context.paths.dataDir))) === undefined) return [];
  return [
    ...(await sweepStaging(context, dryRun)),
    ...(await locked(context, context.paths.lock, signal, () => finishRemovals(context, dryRun))),
    ...(await sweepFetches(context, dryRun)),
  ];
}

/** The locks of images that nobody fetches any more. */
async function sweepFetches(context: StoreContext, dryRun: boolean): Promise<string[]> {
  const swept: string[] = [];
  for (const name of (await unlessMissing(readdir(context.paths.locks))) ?? []) {
    const path = join(context.paths.locks, name);
    try {
      using lock = await context.host.locks.acquire(path, "exclusive");
      if (lock === undefined) continue;
      swept.push(path);
      if (!dryRun) await unlessMissing(unlink(path));
    } catch (error) {
      if (!isVirtError(error, "BUSY")) throw error;
    }
  }
  return swept;
}
