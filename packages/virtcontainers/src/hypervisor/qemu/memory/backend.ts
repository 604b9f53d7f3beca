import type { Device } from "../../device.ts";
import type { QemuConfig } from "../config.ts";

/** An object of QEMU that holds memory: its type, and its properties without `id` and `size`. */
export interface MemoryBackend {
  type: "memory-backend-ram" | "memory-backend-memfd" | "memory-backend-file";
  properties: Record<string, string | boolean>;
}

/** True if a process beside QEMU serves one of these devices: it must see the guest's memory. */
export function sharesMemory(
  config: QemuConfig,
  devices: readonly Pick<Device, "kind">[],
): boolean {
  const served = ({ kind }: Pick<Device, "kind">): boolean =>
    kind === "virtio-fs" ||
    kind === "vhost-user" ||
    (kind === "vsock" && config.vsockDaemon !== undefined);
  return devices.some(served);
}

/** How the guest's memory is held; the same for what is there at start and for what is added. */
export function memoryBackend(config: QemuConfig, share: boolean): MemoryBackend {
  const prealloc = { ...(config.memPrealloc && { prealloc: true }) };
  if (config.hugePages) {
    return {
      type: "memory-backend-memfd",
      properties: { ...prealloc, hugetlb: true, share: true },
    };
  }
  if (config.fileBackedMemRootDir !== undefined) {
    // A folder, not a file: QEMU makes a file there that has no name and so can't be left behind.
    const properties = { ...prealloc, "mem-path": config.fileBackedMemRootDir, share: true };
    return { type: "memory-backend-file", properties };
  }
  // Memory that another process is to see must be a file that both map.
  return share
    ? { type: "memory-backend-memfd", properties: { ...prealloc, share: true } }
    : { type: "memory-backend-ram", properties: prealloc };
}
