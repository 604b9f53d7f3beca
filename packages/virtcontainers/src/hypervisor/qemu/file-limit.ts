import { stat } from "node:fs/promises";
import { hostError } from "../../host/errno.ts";
import type { BlockDrive, VmSpec } from "../hypervisor.ts";

const mebibyte = 1024 * 1024;

/**
 * How large any file may become that QEMU writes to. The guest decides how much goes to console and log;
 * but its disks, and memory that is a file, are under the same limit.
 */
export async function maxFileBytes({ config, drives, share }: VmSpec): Promise<number> {
  const memoryIsFile =
    share !== undefined || config.hugePages || config.fileBackedMemRootDir !== undefined;
  return Math.max(
    config.logLimitMiB * mebibyte,
    memoryIsFile ? config.memoryMiB * mebibyte : 0,
    ...(await Promise.all(drives.map(writableBytes))),
  );
}

/** How large a disk's file is, if the guest may write to it. */
export async function writableBytes({ path, readonly }: BlockDrive): Promise<number> {
  if (readonly) return 0;
  const { size } = await stat(path).catch((error: unknown) => {
    throw hostError(error, `looking at ${path}`);
  });
  return size;
}
