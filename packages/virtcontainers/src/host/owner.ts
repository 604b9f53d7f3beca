import { chown } from "node:fs/promises";
import { hostError, isErrno } from "./errno.ts";
import { pinnedPath, pinReal } from "./files.ts";
import type { UserIds } from "./user-ids.ts";

/** A file that was looked at, by what nobody can put in its place. */
export interface KnownFile {
  path: string;
  dev: number;
  ino: number;
  uid: number;
}

/**
 * Gives a file another owner, if its path still leads to that very file of that very owner without a link on the
 * way. False if it does not: then nothing is changed.
 */
export async function giveOwner(file: KnownFile, to: UserIds): Promise<boolean> {
  try {
    await using pinned = await pinReal(file.path);
    const { dev, ino, uid } = await pinned.stat();
    if (dev !== file.dev || ino !== file.ino || uid !== file.uid) return false;
    await chown(pinnedPath(pinned.fd), to.uid, to.gid);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP")) return false;
    throw hostError(error, `giving ${file.path} to the user ${to.uid}`);
  }
}
