import type { DiskDevice } from "../../device.ts";
import type { QemuConfig } from "../config.ts";
import { virtioDevice } from "../machine/virtio.ts";
import type { DeviceParts } from "./backend.ts";

type Disk = Omit<DiskDevice, "kind">;

/** A disk whose file is at `path` for QEMU. */
export function diskParts(disk: Disk, path: string, config: QemuConfig): DeviceParts {
  const scsi = config.blockDeviceDriver === "virtio-scsi";
  return {
    backends: [{ option: "blockdev", value: blockdev(disk, path, config) }],
    device: {
      ...(scsi ? { driver: "scsi-hd" } : virtioDevice(config, "virtio-blk")),
      drive: disk.id,
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
