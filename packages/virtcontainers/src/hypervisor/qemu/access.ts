import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { invalidArgument, VirtError } from "../../errors.ts";
import { hostError, isErrno } from "../../host/errno.ts";
import type { BlockDrive, VmSpec } from "../hypervisor.ts";

type User = NonNullable<VmSpec["user"]>;
type Right = 4 | 2 | 1;
const read: Right = 4;
const write: Right = 2;
const pass: Right = 1;

/** A regular file that exists and that this process may read; INVALID_ARGUMENT names the field if not. */
export async function checkFile(field: string, path: string): Promise<Stats> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
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

/** A specification whose files the VMM's user can open, and the files that must stay open for that. */
export interface ReachableSpec {
  spec: VmSpec;
  /** To be inherited by the VMM as descriptors 3, 4, ... The caller closes them. */
  files: FileHandle[];
}

/**
 * The VMM runs as a user who may not enter the folder of, say, an npm package below /root. Such a file
 * is opened here and handed over as a descriptor: then only its own mode counts. A mode that refuses the
 * user is an error, HOST_REQUIREMENT, since it was set on purpose.
 */
export async function makeReachable(spec: VmSpec): Promise<ReachableSpec> {
  const { user } = spec;
  if (user === undefined) return { spec, files: [] };
  const files: FileHandle[] = [];
  const reach = async (path: string, right: Right): Promise<string> => {
    await checkMode(user, path, right);
    const direct = await directPath(user, spec.folder, path);
    if (direct !== undefined) return direct;
    const flags = right === write ? constants.O_RDWR : constants.O_RDONLY;
    files.push(await open(path, flags));
    return `/proc/self/fd/${2 + files.length}`;
  };
  const optional = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : await reach(path, read);
  try {
    const { config } = spec;
    const reachable = {
      ...config,
      kernelPath: await reach(config.kernelPath, read),
      initrdPath: await optional(config.initrdPath),
      imagePath: await optional(config.imagePath),
      firmwarePath: await optional(config.firmwarePath),
    };
    const drives = [];
    for (const drive of spec.drives) {
      drives.push({ ...drive, path: await reach(drive.path, drive.readonly ? read : write) });
    }
    return { spec: { ...spec, config: reachable, drives }, files };
  } catch (error) {
    await closeAll(files);
    throw hostError(error, "opening the files of the VM");
  }
}

/** For a drive that QEMU opens later, by a path: HOST_REQUIREMENT if its user can't. */
export async function reachDrive(
  user: User,
  folder: string,
  drive: BlockDrive,
): Promise<BlockDrive> {
  await checkMode(user, drive.path, drive.readonly ? read : write);
  const path = await directPath(user, folder, drive.path);
  if (path !== undefined) return { ...drive, path };
  throw new VirtError(
    "HOST_REQUIREMENT",
    `the user ${user.uid}, as whom QEMU runs, can't enter a folder above ${drive.path}`,
    { hint: "Give others the right to pass through these folders (chmod o+x)." },
  );
}

export async function closeAll(files: readonly FileHandle[]): Promise<void> {
  for (const file of files) await file.close();
}

async function checkMode(user: User, path: string, right: Right): Promise<void> {
  const stats = await stat(path).catch((error: unknown) => {
    throw hostError(error, `looking at ${path}`);
  });
  if (may(user, stats, read) && (right === read || may(user, stats, right))) return;
  throw new VirtError(
    "HOST_REQUIREMENT",
    `${path} can't be ${right === write ? "written" : "read"} by the user ${user.uid}, as whom QEMU runs`,
    { hint: right === write ? `Give it to that user.` : `Make it readable: chmod a+r ${path}` },
  );
}

/** A path by which the user reaches a file: below the VMM's working folder it needs no right to what is above. */
async function directPath(user: User, folder: string, path: string): Promise<string | undefined> {
  const inside = relative(await realpath(folder), await realpath(path));
  if (!inside.includes("/") && inside !== "..") return inside;
  return (await canEnter(user, path)) ? path : undefined;
}

async function canEnter(user: User, path: string): Promise<boolean> {
  for (let folder = dirname(await realpath(path)); ; folder = dirname(folder)) {
    if (!may(user, await stat(folder), pass)) return false;
    if (folder === "/") return true;
  }
}

function may(user: User, stats: Stats, right: Right): boolean {
  if (user.uid === 0) return true;
  const shift = stats.uid === user.uid ? 6 : stats.gid === user.gid ? 3 : 0;
  return ((stats.mode >> shift) & right) !== 0;
}
