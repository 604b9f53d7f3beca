import { constants, type Stats } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { invalidArgument, VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import type { Host } from "../host/host.ts";
import type { DiskDevice } from "./device.ts";
import type { VmSpec } from "./hypervisor.ts";

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NONBLOCK, O_NOFOLLOW } = constants;

/** A regular file that exists and that this process may read; INVALID_ARGUMENT names the field if not. */
export async function checkFile(field: string, path: string): Promise<Stats> {
  try {
    await using file = await open(path, O_RDONLY | O_NONBLOCK);
    const stats = await file.stat();
    if (stats.isFile()) return stats;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) {
      throw invalidArgument(field, path, "there is no such file");
    }
    if (isErrno(error, "EACCES", "EPERM")) {
      throw invalidArgument(field, path, "it must be readable for this user");
    }
    throw hostError(error, `opening ${path}`);
  }
  throw invalidArgument(field, path, "it must be a regular file");
}

/**
 * Opens a disk for the VMM, which gets the descriptor and so needs no right to the file. What lies in a folder
 * of the VMM's user must be that user's own, or be mounted there: a link or another name of a foreign file would
 * be opened with our rights. HOST_REQUIREMENT if it is, or if it is no longer the file that was meant.
 */
export async function openDisk(
  { mounts }: Pick<Host, "mounts">,
  disk: DiskDevice,
  { folder, user }: Pick<VmSpec, "folder" | "user">,
): Promise<FileHandle> {
  const file = await open(
    disk.path,
    (disk.readonly ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_NOFOLLOW,
  ).catch((error: unknown) => {
    throw hostError(error, `opening the disk ${disk.path}`);
  });
  try {
    const found = await file.stat({ bigint: true });
    const { identity } = disk;
    const same =
      identity === undefined ||
      (String(found.dev) === identity.dev && String(found.ino) === identity.ino);
    const kind = disk.device === true ? found.isBlockDevice() : found.isFile();
    const own =
      user === undefined ||
      !disk.path.startsWith(`${folder}/`) ||
      (Number(found.uid) === user.uid && found.nlink === 1n) ||
      (await mounts.listBelow(disk.path)).includes(disk.path);
    if (same && kind && own) return file;
  } catch (error) {
    await file.close();
    throw hostError(error, `looking at the disk ${disk.path}`);
  }
  await file.close();
  throw new VirtError("HOST_REQUIREMENT", `${disk.path} is not the disk that it was`, {
    hint: "Something else has been put in its place; look at who may write to its folder.",
  });
}

/**
 * Opens a file that the VMM opens anew by its descriptor, as it does with what it reads only once, such as the
 * kernel. Then the file's mode counts: where that refuses the VMM's user, it gets a copy that has no name.
 */
export async function openForReading(
  path: string,
  { folder, user }: Pick<VmSpec, "folder" | "user">,
): Promise<FileHandle> {
  try {
    const file = await open(path, O_RDONLY | O_NONBLOCK);
    if (user === undefined || mayRead(user, await file.stat())) return file;
    await using original = file;
    return await copyWithoutName(original, folder, user);
  } catch (error) {
    throw hostError(error, `opening ${path}`);
  }
}

async function copyWithoutName(
  original: FileHandle,
  folder: string,
  user: NonNullable<VmSpec["user"]>,
): Promise<FileHandle> {
  const path = join(folder, `copy-${process.pid}-${original.fd}`);
  await using copy = await open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o400);
  try {
    await copy.chown(user.uid, user.gid);
    await copyBytes(original, copy);
    return await open(`/proc/self/fd/${copy.fd}`, O_RDONLY);
  } finally {
    await rm(path, { force: true });
  }
}

async function copyBytes(from: FileHandle, to: FileHandle): Promise<void> {
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (let at = 0; ; ) {
    const { bytesRead } = await from.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    for (let done = 0; done < bytesRead; )
      done += (await to.write(buffer, done, bytesRead - done, at + done)).bytesWritten;
    at += bytesRead;
  }
}

function mayRead(user: NonNullable<VmSpec["user"]>, stats: Stats): boolean {
  const shift = stats.uid === user.uid ? 6 : stats.gid === user.gid ? 3 : 0;
  return user.uid === 0 || ((stats.mode >> shift) & 4) !== 0;
}
