import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readdir, rename, rmdir, unlink } from "node:fs/promises";
import { basename } from "node:path";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "./errno.ts";
import { pinnedPath, pinParent } from "./files.ts";

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** Folders deeper than this are moved up first: each open one is a descriptor. */
const deepest = 32;
/** Who goes on writing to a folder that is being removed is not waited for. */
const mostRounds = 20_000;

/**
 * Removes a file, or a folder with all that is in it; not there is no error. Each folder is held by a descriptor while
 * it is emptied, so that nobody who may write to it can put a link to another place into the way. HOST_FAILED.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await using parent = await pinParent(path);
    await remove(below(parent, Buffer.from(basename(path))));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return;
    throw hostError(error, `removing ${path}`);
  }
}

async function remove(path: Buffer): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    if (await done(unlink(path), "EISDIR", "EPERM")) return;
    await using folder = await openFolder(path);
    if (folder === undefined) continue;
    await empty(folder, folder, 1);
    if (await done(rmdir(path), "ENOTEMPTY", "ENOTDIR")) return;
  }
  throw new VirtError("HOST_FAILED", "somebody goes on writing to it", {
    hint: "End what writes there, then try again.",
  });
}

async function empty(folder: FileHandle, top: FileHandle, depth: number): Promise<void> {
  for (const name of await readdir(pinnedPath(folder.fd), { encoding: "buffer" })) {
    const path = below(folder, name);
    if (await done(unlink(path), "EISDIR", "EPERM")) continue;
    if (depth >= deepest) {
      const aside = Buffer.from(randomBytes(12).toString("hex"));
      await done(rename(path, below(top, aside)));
      continue;
    }
    await using inner = await openFolder(path);
    if (inner === undefined) continue;
    await empty(inner, top, depth + 1);
    await done(rmdir(path), "ENOTEMPTY", "ENOTDIR");
  }
}

/** What a name in a folder is, whatever its bytes. */
function below(folder: FileHandle, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(pinnedPath(folder.fd, "")), name]);
}

/** Undefined for what is no folder, any more. */
async function openFolder(path: Buffer): Promise<FileHandle | undefined> {
  try {
    return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (isErrno(error, "ENOTDIR", "ELOOP", "ENOENT")) return undefined;
    throw error;
  }
}

/** False if it failed for one of these reasons; what is gone is done. */
async function done(work: Promise<unknown>, ...reasons: string[]): Promise<boolean> {
  try {
    await work;
  } catch (error) {
    if (isErrno(error, ...reasons)) return false;
    if (!isErrno(error, "ENOENT")) throw error;
  }
  return true;
}
