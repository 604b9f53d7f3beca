import { readdir } from "node:fs/promises";
import { locked, type StoreContext } from "./context.ts";
import { unlessMissing } from "./files.ts";
import { readNames, writeNames } from "./names.ts";
import { readImage } from "./record.ts";
import { discard, diskBytes, finishRemovals } from "./remove.ts";
import { sweepStaging } from "./staging.ts";

/** Removes images without a name and damaged ones; with `all`, named ones too; never used ones. */
export async function pruneImages(
  context: StoreContext,
  all: boolean,
  signal: AbortSignal,
): Promise<{ removed: string[]; freedBytes: number }> {
  return locked(context, context.paths.lock, signal, async () => {
    await sweepStaging(context);
    await finishRemovals(context);
    const names = await readNames(context);
    const named = new Set(names.values());
    const removed: string[] = [];
    let freedBytes = 0;
    for (const hex of (await unlessMissing(readdir(context.paths.images))) ?? []) {
      signal.throwIfAborted();
      const digest = `sha256:${hex}`;
      const intact = await readImage(context, hex).catch(() => undefined);
      if (intact && named.has(digest) && !all) continue;
      const bytes = await diskBytes(context, hex);
      if (!(await discard(context, hex))) continue;
      removed.push(digest);
      freedBytes += bytes;
    }
    const kept = [...names].filter(([, digest]) => !removed.includes(digest));
    if (kept.length < names.size) await writeNames(context, new Map(kept));
    return { removed, freedBytes };
  });
}
