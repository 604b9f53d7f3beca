import { readdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { printable, VirtError } from "../../errors.ts";
import { userId } from "../../store/user.ts";
import { digestHex } from "../digest.ts";
import { errorCode } from "../failure.ts";
import type { Image } from "../image.ts";
import { imageFolder, locked, type StoreContext } from "./context.ts";
import { sweepReplacements, syncFolder, unlessMissing } from "./files.ts";
import { findImage } from "./list.ts";
import { readNames, writeNames } from "./names.ts";
import { rootFile, usersFolder } from "./record.ts";

/**
 * Removes a name, and the image with its last name; by digest, the image with all its names. BUSY if a
 * sandbox uses it, unless `force`, which then only takes the names.
 */
export async function removeImage(
  context: StoreContext,
  reference: string,
  force: boolean,
  signal: AbortSignal,
): Promise<Image> {
  return locked(context, context.paths.lock, signal, async () => {
    const { image, name } = await findImage(context, reference);
    const dropped = name === undefined ? image.names : [name];
    const remaining = image.names.filter((other) => !dropped.includes(other));
    if (remaining.length === 0 && !(await discard(context, digestHex(image.digest))) && !force) {
      throw await inUse(context, reference, digestHex(image.digest));
    }
    const names = await readNames(context);
    for (const each of dropped) names.delete(each);
    await writeNames(context, names);
    return { ...image, names: remaining };
  });
}

async function inUse(context: StoreContext, reference: string, hex: string): Promise<VirtError> {
  const found = await readdir(join(imageFolder(context.paths, hex), usersFolder));
  const users = found.map((name) => userId(name));
  const list =
    users.length === 1
      ? `the sandbox ${users[0]}`
      : `${users.length} sandboxes: ${users.join(", ")}`;
  return new VirtError("BUSY", `the image ${reference} is used by ${printable(list)}`, {
    hint: "Delete what uses it first, or force the removal to only take its name.",
  });
}

/**
 * Removes an image's folder unless a sandbox uses it; the caller holds the store's lock. Removing the
 * empty folder of users is what decides: from then on no sandbox can enter itself, and the image counts
 * as gone even if this process is killed.
 */
export async function discard(context: StoreContext, hex: string): Promise<boolean> {
  const folder = imageFolder(context.paths, hex);
  context.host.failpoint("image.discard.before");
  try {
    await unlessMissing(rmdir(join(folder, usersFolder)));
  } catch (error) {
    if (errorCode(error) === "ENOTEMPTY" || errorCode(error) === "EEXIST") return false;
    throw error;
  }
  context.host.failpoint("image.discard.claimed");
  await rm(folder, { recursive: true, force: true });
  await syncFolder(context.paths.images);
  context.host.failpoint("image.discard.after");
  return true;
}

/**
 * Finishes what was cut short of removals and naming, and gives what it removed; the caller holds the
 * store's lock.
 */
export async function finishRemovals(context: StoreContext, dryRun = false): Promise<string[]> {
  const { images, names } = context.paths;
  const swept = await sweepReplacements(names, dryRun);
  for (const hex of (await unlessMissing(readdir(images))) ?? []) {
    const folder = join(images, hex);
    const users = await unlessMissing(readdir(join(folder, usersFolder)));
    if (users !== undefined) {
      swept.push(...(await sweepUsers(join(folder, usersFolder), users, dryRun)));
      continue;
    }
    swept.push(folder);
    if (!dryRun) await rm(folder, { recursive: true, force: true });
  }
  return swept;
}

/**
 * A sandbox's folder is there as long as it uses an image. After a restart of the machine it is not, and
 * nothing else remembers the use.
 */
async function sweepUsers(folder: string, users: string[], dryRun: boolean): Promise<string[]> {
  const swept: string[] = [];
  for (const user of users) {
    const path = join(folder, user);
    const sandbox = await unlessMissing(readFile(path, "utf8"));
    if (!sandbox?.startsWith("/") || (await unlessMissing(stat(sandbox)))) continue;
    swept.push(path);
    if (!dryRun) await rm(path, { force: true });
  }
  return swept;
}

/** Bytes that an image takes on the disk. */
export async function diskBytes(context: StoreContext, hex: string): Promise<number> {
  const path = join(imageFolder(context.paths, hex), rootFile);
  const file = await unlessMissing(stat(path));
  return (file?.blocks ?? 0) * 512;
}
