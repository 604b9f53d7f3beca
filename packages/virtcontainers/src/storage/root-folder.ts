import { realpath, stat } from "node:fs/promises";
import type { ContainerConfig } from "../config/container.ts";
import { rootFolderOf } from "../config/rootfs.ts";
import { invalidArgument } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";

/** Where the folder is that is to be a container's root, if one is; from here on no link is followed. INVALID_ARGUMENT. */
export async function planRootFolder(
  { rootFs }: ContainerConfig,
  field: string,
): Promise<string | undefined> {
  const path = rootFolderOf(rootFs);
  if (path === undefined) return undefined;
  const given = `${field}.rootFs.${rootFs?.mounted ? "target" : "source"}`;
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR"))
      throw invalidArgument(given, path, "there is no such folder");
    throw hostError(error, `looking at ${path}`);
  }
  throw invalidArgument(given, path, "it must be a folder, and is a file");
}
