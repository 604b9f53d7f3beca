import { stat } from "node:fs/promises";
import { invalidArgument } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";

/** Refuses a root file system that is not a folder. */
export async function assertFolder(path: string, field: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR"))
      throw invalidArgument(field, path, "there is no such folder");
    throw hostError(error, `looking at ${path}`);
  }
  throw invalidArgument(field, path, "it must be a folder, and is a file");
}
