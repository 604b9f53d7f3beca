import { invalidArgument } from "../../errors.ts";
import type { ResolvedHypervisorConfig } from "../config.ts";
import type { BlockDrive } from "../hypervisor.ts";
import type { DriveSlot } from "./slots.ts";

/** A disk's image as QEMU's block layer takes it (BlockdevOptions): what QMP and -blockdev share. */
export function blockdev(drive: BlockDrive, config: ResolvedHypervisorConfig) {
  checkDriveId(drive.id);
  const cache = config.blockDeviceCacheSet
    ? {
        direct: config.blockDeviceCacheDirect,
        "no-flush": config.blockDeviceCacheNoflush,
      }
    : undefined;
  return {
    driver: "raw",
    "node-name": drive.id,
    "read-only": drive.readonly,
    ...(drive.offset !== undefined && drive.offset > 0 && { offset: drive.offset }),
    ...(cache && { cache }),
    ...(!drive.readonly && { discard: "unmap" }),
    file: {
      driver: drive.device === true ? "host_device" : "file",
      filename: drive.path,
      "read-only": drive.readonly,
      ...(cache && { cache }),
      ...(!drive.readonly && { discard: "unmap" }),
    },
  };
}

/** The guest's side of a disk, in the form of device_add. Its id tells slot and drive. */
export function driveDevice(
  drive: BlockDrive,
  slot: DriveSlot,
  config: ResolvedHypervisorConfig,
): Record<string, string | number | boolean> {
  const scsi = config.blockDeviceDriver === "virtio-scsi";
  return {
    driver: scsi ? "scsi-hd" : "virtio-blk-pci",
    id: `${slot.name}.${drive.id}`,
    drive: drive.id,
    ...slot.place,
    ...(!scsi && virtioProperties(config)),
    ...(!scsi && config.enableIOThreads && { iothread: "io0" }),
  };
}

/** What all virtio devices of QEMU's own have in common. */
export function virtioProperties({ iommuPlatform }: ResolvedHypervisorConfig) {
  return { "disable-legacy": "on", ...(iommuPlatform && { iommu_platform: true }) };
}

/** Node names of QEMU have at most 31 characters and begin with a letter. */
function checkDriveId(id: string): void {
  if (!/^[a-zA-Z][a-zA-Z0-9-]{0,30}$/.test(id)) {
    throw invalidArgument(
      "drive.id",
      id,
      "it has 1 to 31 of [a-zA-Z0-9-] and begins with a letter",
    );
  }
}
