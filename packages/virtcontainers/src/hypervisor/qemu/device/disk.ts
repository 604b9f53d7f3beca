import type { DiskDevice } from "../../device.ts";
import type { QemuConfig } from "../config.ts";
import type { DeviceParts } from "./backend.ts";
import { virtioProperties } from "./virtio.ts";

type Disk = Omit<DiskDevice, "kind">;

/** A disk whose file is at `path` for QEMU. */
export function diskParts(disk: Disk, path: string, config: QemuConfig): DeviceParts {
  const scsi = config.blockDeviceDriver === "virtio-scsi";
  return {
    backends: [{ option: "blockdev", value: blockdev(disk, path, config) }],
    device: {
      driver: scsi ? "scsi-hd" : "virtio-blk-pci",
      drive: disk.id,
      ...(!scsi && virtioProperties(config)),
      ...(!scsi && config.enableIOThreads && { iothread: "io0" }),
    },
  };
}

/** A disk's image as QEMU's block layer takes it (BlockdevOptions): what QMP and -blockdev share. */
export function blockdev(disk: Disk, path: string, config: QemuConfig) {
  const cache = config.blockDeviceCacheSet
    ? {
        direct: config.blockDeviceCacheDirect,
        "no-flush": config.blockDeviceCacheNoflush,
      }
    : undefined;
  return {
    driver: "raw",
    "node-name": disk.id,
    "read-only": disk.readonly,
    ...(disk.offset !== undefined && disk.offset > 0 && { offset: disk.offset }),
    ...(cache && { cache }),
    ...(!disk.readonly && { discard: "unmap" }),
    file: {
      driver: disk.device === true ? "host_device" : "file",
      filename: path,
      "read-only": disk.readonly,
      ...(cache && { cache }),
      ...(!disk.readonly && { discard: "unmap" }),
    },
  };
}
