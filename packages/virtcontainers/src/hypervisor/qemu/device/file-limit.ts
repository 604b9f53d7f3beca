import { stat } from "node:fs/promises";
import { hostError } from "../../../host/errno.ts";
import type { Device } from "../../device.ts";
import type { QemuConfig, QemuSpec } from "../config.ts";
import { memoryBackend, sharesMemory } from "../memory/backend.ts";

const mebibyte = 1024 * 1024;

/**
 * How large any file may become that QEMU writes to: when it starts, and when it runs. The guest decides how much goes
 * to console and log; but its disks are under the same limit, and memory that is a file as long as that is being made.
 */
export async function maxFileBytes({
  config,
  devices,
}: QemuSpec): Promise<{ starting: number; running: number }> {
  const memoryMiB = config.virtioMem ? config.defaultMaxMemoryMiB : config.memoryMiB;
  const disks = await Promise.all(devices.map(writableBytes));
  const running = Math.max(config.logLimitMiB * mebibyte, ...disks);
  const memory = memoryBytes(config, sharesMemory(config, devices), memoryMiB);
  return { starting: Math.max(running, memory), running };
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
