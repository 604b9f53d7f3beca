import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { digestHex } from "../digest.ts";
import { fit, type Platform, showPlatform, wrongPlatform } from "../platform.ts";
import { imageFolder, locked, type StoreContext } from "./context.ts";
import { syncFolder } from "./files.ts";
import { readNames, writeNames } from "./names.ts";
import { readImage } from "./record.ts";

/**
 * Moves a finished image from the staging into the store and names it, all under the store's lock. If
 * the image is there already, only the name is set. If naming fails, the image goes again.
 */
export async function publish(
  context: StoreContext,
  staged: { digest: string; folder: string },
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const hex = digestHex(staged.digest);
  const target = imageFolder(context.paths, hex);
  await locked(context, context.paths.lock, signal, async () => {
    const present = await readImage(context, hex).catch(() => undefined);
    if (!present) {
      await rm(target, { recursive: true, force: true });
      context.host.failpoint("image.publish.before");
      await rename(staged.folder, target);
      await syncFolder(context.paths.images);
      context.host.failpoint("image.publish.after");
    }
    try {
      await setNames(context, names, staged.digest);
    } catch (error) {
      if (!present) await rm(target, { recursive: true, force: true });
      throw error;
    }
  });
}

/** Names an image that is in the store; false if it is not there. NOT_SUPPORTED for a wrong platform. */
export async function nameIfPresent(
  context: StoreContext,
  digest: string,
  names: readonly string[],
  platform: Platform,
  signal: AbortSignal,
): Promise<boolean> {
  return locked(context, context.paths.lock, signal, async () => {
    const present = await readImage(context, digestHex(digest)).catch(() => undefined);
    if (!present) return false;
    if (fit(platform, present.platform) === 0) {
      throw wrongPlatform(names.join(", "), platform, [showPlatform(present.platform)]);
    }
    await setNames(context, names, digest);
    return true;
  });
}

export async function setNames(
  context: StoreContext,
  names: readonly string[],
  digest: string,
): Promise<void> {
  const known = await readNames(context);
  if (names.every((name) => known.get(name) === digest)) return;
  for (const name of names) known.set(name, digest);
  await writeNames(context, known);
}

/** Where the lock of an image that is being fetched lies. */
export function fetchLock(context: StoreContext, digest: string): string {
  return join(context.paths.locks, `${digestHex(digest)}.lock`);
}
