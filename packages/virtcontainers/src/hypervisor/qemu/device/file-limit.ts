import { stat } from "node:fs/promises";
import { hostError } from "../../../host/errno.ts";
import type { Device } from "../../device.ts";
import type { QemuConfig, QemuSpec } from "../config.ts";
import { memoryBackend, sharesMemory } from "../memory/backend.ts";

const mebibyte = 1024 * 1024;

/**
 * How large any file may become that QEMU writes to. The guest decides how much goes to console and log;
 * but its disks, and memory that is a file, are under the same limit.
 */
export async function maxFileBytes({ config, devices }: QemuSpec): Promise<number> {
  const memoryMiB = config.virtioMem ? config.defaultMaxMemoryMiB : config.memoryMiB;
  return Math.max(
    config.logLimitMiB * mebibyte,
    memoryBytes(config, sharesMemory(config, devices), memoryMiB),
    ...(await Promise.all(devices.map(writableBytes))),
  );
}

/** How large a file of the guest's memory may be, if it is one. */
export function memoryBytes(config: QemuConfig, share: boolean, memoryMiB: number): number {
  return memoryBackend(config, share).type === "memory-backend-ram" ? 0 : memoryMiB * mebibyte;
}

/** How large a disk's file is, if the guest may write to it. */
export async function writableBytes(device: Device): Promise<number> {
  if (device.kind !== "disk" || device.readonly) return 0;
  const { path } = device;
  const { size } = await stat(path).catch((error: unknown) => {
    throw hostError(error, `looking at ${path}`);
  });
  return size;
}
