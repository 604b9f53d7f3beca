import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { hostError, isErrno } from "./errno.ts";
import { assertTrusted } from "./trusted.ts";

/** Names a file without opening it: works for sockets and needs no right to read. open(2). */
export const O_PATH = 0o10000000;

/** Pins what a path names, without following a symlink in its last component. */
export async function pin(path: string): Promise<FileHandle> {
  return await open(path, O_PATH | constants.O_NOFOLLOW);
}

/** Pins what an absolute path names, and follows no symlink on the way: ELOOP or ENOTDIR where there is one. */
export async function pinReal(path: string): Promise<FileHandle> {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  let here = await open("/", O_PATH | constants.O_DIRECTORY);
  for (const part of parts) {
    await using folder = here;
    here = await pin(pinnedPath(folder.fd, part));
    if (!(await here.stat()).isSymbolicLink()) continue;
    await here.close();
    throw Object.assign(new Error(`${path} goes through a symbolic link`), { code: "ELOOP" });
  }
  return here;
}

/** Pins what a path of ours names; links on the way are ours, too. HOST_REQUIREMENT. */
export async function pinTrusted(path: string): Promise<FileHandle> {
  assertTrusted(dirname(path));
  return await pin(path);
}

/** Pins the folder that holds a path. */
export async function pinParent(path: string): Promise<FileHandle> {
  return await open(dirname(path), O_PATH | constants.O_DIRECTORY);
}

/** A path of a few bytes to what a file descriptor names. */
export function pinnedPath(fd: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`;
}

/**
 * Opens for reading a regular file in a folder that somebody else may write to, such as a VMM: what was put
 * in its place, a symlink or a pipe without end, is not opened. Undefined if there is no such file.
 */
export async function openUntrusted(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "ENXIO")) return undefined;
    throw hostError(error, `reading ${path}`);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}
