import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import type { ContainerConfig } from "../../config/container.ts";
import { rootDiskOf } from "../../config/rootfs.ts";
import { invalidArgument } from "../../errors.ts";
import { hostError, isErrno } from "../../host/errno.ts";
import { pinnedPath, pinReal } from "../../host/files.ts";
import type { StoredContainer } from "../../store/schema.ts";

type RootDisk = NonNullable<StoredContainer["disk"]>;

const readOnlyTypes = ["erofs", "squashfs"];

/** The disk that is to be a container's root, if one is; takes nothing. INVALID_ARGUMENT. */
export async function planRootDisk(
  config: ContainerConfig,
  field: string,
): Promise<RootDisk | undefined> {
  const disk = rootDiskOf(config.rootFs);
  if (disk === undefined) return undefined;
  const given = config.rootFs?.options ?? [];
  const layered =
    given.includes("ro") ||
    (config.readonlyRootfs ?? false) ||
    config.scratchMiB !== undefined ||
    readOnlyTypes.includes(disk.type);
  const found = await inspectDisk(disk.source, `${field}.rootFs.source`, layered);
  const options = given.filter((option) => option !== "ro" && option !== "rw");
  return { ...found, type: disk.type, options, layered };
}

async function inspectDisk(
  source: string,
  field: string,
  readonly: boolean,
): Promise<{ path: string; device: boolean }> {
  try {
    const path = await realpath(source);
    const access = readonly ? constants.O_RDONLY : constants.O_RDWR;
    await using pinned = await pinReal(path);
    await using file = await open(pinnedPath(pinned.fd), access | constants.O_NONBLOCK);
    const found = await file.stat();
    if (found.isBlockDevice() || (found.isFile() && found.size > 0))
      return { path, device: found.isBlockDevice() };
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR"))
      throw invalidArgument(field, source, "there is no such file");
    if (isErrno(error, "EACCES", "EPERM", "EROFS")) {
      const what = readonly ? "read" : "written";
      throw invalidArgument(field, source, `it can't be ${what} by this user`);
    }
    if (!isErrno(error, "EISDIR", "ENXIO", "ELOOP")) throw hostError(error, `looking at ${source}`);
  }
  throw invalidArgument(field, source, "it must be a block device or a file with a file system");
}
