import * as v from "valibot";
import { invalidArgument } from "../errors.ts";

const slots = 32;
const lunsPerId = 256;
const maxScsiDisks = 16_384;
const allowed = "it is slots from 00 to 1f in hex, from the root bus down, such as 02/03";

/** Where a PCI device is, by the slots from the root bus down: 2 and 3 are `02/03`. */
export function pciPath(...path: readonly number[]): string {
  for (const slot of path) {
    if (!Number.isInteger(slot) || slot < 0 || slot >= slots)
      throw invalidArgument("pciPath", path, allowed);
  }
  if (path.length === 0) throw invalidArgument("pciPath", path, allowed);
  return path.map((slot) => slot.toString(16).padStart(2, "0")).join("/");
}

/** True for what pciPath can give. */
export function isPciPath(text: string): boolean {
  return /^[01][0-9a-f](?:\/[01][0-9a-f])*$/.test(text);
}

/** SCSI id and lun of the disk with this index, 0 to 16383: 300 is `1:44`. */
export function scsiAddress(index: number): string {
  if (!Number.isInteger(index) || index < 0 || index >= maxScsiDisks) {
    throw invalidArgument("scsi disk", index, `there are disks 0 to ${maxScsiDisks - 1}`);
  }
  return `${Math.floor(index / lunsPerId)}:${index % lunsPerId}`;
}

/** True for what scsiAddress can give. */
export function isScsiAddress(text: string): boolean {
  const [id = Number.NaN, lun = Number.NaN, ...more] = text.split(":").map(Number);
  const inRange = id >= 0 && lun >= 0 && lun < lunsPerId && id * lunsPerId + lun < maxScsiDisks;
  return more.length === 0 && inRange && text === `${id}:${lun}`;
}

const nodeName = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9]{0,30}$/));

/** Where the guest finds a device. */
export type GuestAddress =
  /** Hex slots from the root bus down, such as `02/03`; of a disk that the guest booted with, also its name there. */
  | { kind: "pci"; path: string; bootNode?: string | undefined }
  /** SCSI id and lun, such as `0:1`. */
  | { kind: "scsi"; address: string }
  /** Number of a channel device of s390x, such as `0.0.0001`. */
  | { kind: "ccw"; device: string }
  /** Name that the guest's kernel gives a device without an address of its own, such as `vda`. */
  | { kind: "mmio"; node: string };

export const GuestAddressSchema = v.variant("kind", [
  v.object({
    kind: v.literal("pci"),
    path: v.pipe(v.string(), v.check(isPciPath)),
    bootNode: v.optional(nodeName),
  }),
  v.object({ kind: v.literal("scsi"), address: v.pipe(v.string(), v.check(isScsiAddress)) }),
  v.object({
    kind: v.literal("ccw"),
    device: v.pipe(v.string(), v.regex(/^[0-9a-f]\.[0-3]\.[0-9a-f]{4}$/)),
  }),
  v.object({ kind: v.literal("mmio"), node: nodeName }),
]);

/** In the form of the guest's kernel parameters: `pci/02/03`, `scsi/0:1`, `ccw/0.0.0001`, `mmio/vda`. */
export function addressText(address: GuestAddress): string {
  switch (address.kind) {
    case "pci":
      return `pci/${address.path}`;
    case "scsi":
      return `scsi/${address.address}`;
    case "ccw":
      return `ccw/${address.device}`;
    case "mmio":
      return `mmio/${address.node}`;
  }
}
