import { pciPath, scsiAddress } from "../../store/guest-address.ts";
import type { ResolvedHypervisorConfig } from "../config.ts";
import type { GuestAddress } from "../hypervisor.ts";
import { machines } from "./machines.ts";

/**
 * Where every device sits, fixed so that a guest finds it by its address and a template's clones match.
 * On the root bus: 01 and 1f belong to chipsets.
 */
export const slot = {
  serial: 0x02,
  vsock: "02.1",
  rng: 0x03,
  image: 0x04,
  scsi: 0x05,
  share: 0x06,
  virtioMem: 0x07,
  firstDrive: 0x08,
  firstBridge: 0x10,
  firstRootPort: 0x15,
} as const;

export const maxColdDrives = slot.firstBridge - slot.firstDrive;
export const maxBridges = slot.firstRootPort - slot.firstBridge;
export const maxRootPorts = 0x1f - slot.firstRootPort;
/** Slot 0 of a bridge is its hotplug controller's, where it has one; the last is the lodger's. */
const bridgeSlots = { first: 1, last: 30, lodger: 31 } as const;
const maxScsiDisks = 16_384;

/** A place that a disk can be plugged into while the VM runs. */
export interface DriveSlot {
  /** The part of the device's id before its dot; names the place. */
  name: string;
  /** The properties of device_add that put a device there. */
  place: Record<string, string | number>;
  address: GuestAddress;
}

/** QEMU's notation: a slot number in hex. */
export function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}

/**
 * Where a random number device sits: behind each bridge, else on the root bus. A kernel that finds a bridge
 * empty gives it no memory, and what is plugged in later can't be used. With this one device it gives a
 * megabyte, enough for all other slots; SeaBIOS would give it unasked, but costs a tenth of a second.
 */
export function rngPlaces(config: ResolvedHypervisorConfig): { bus: string; addr: string }[] {
  const machine = machines[config.machineType];
  const bridges = machine.bridges ? config.defaultBridges : 0;
  if (bridges === 0) return [{ bus: machine.rootBus, addr: hex(slot.rng) }];
  const addr = hex(bridgeSlots.lodger);
  return Array.from({ length: bridges }, (_, index) => ({ bus: `br${index}`, addr }));
}

/** All places for hotplugged disks, in the order in which they are taken. */
export function* driveSlots(config: ResolvedHypervisorConfig): Generator<DriveSlot> {
  if (config.blockDeviceDriver === "virtio-scsi") {
    for (let index = 0; index < maxScsiDisks; index++) yield scsiSlot(index);
    return;
  }
  const machine = machines[config.machineType];
  for (let port = 0; machine.rootPorts && port < config.pcieRootPorts; port++) {
    yield pciSlot(`rp${port}`, `rp${port}`, slot.firstRootPort + port, 0);
  }
  for (let bridge = 0; machine.bridges && bridge < config.defaultBridges; bridge++) {
    for (let number = bridgeSlots.first; number <= bridgeSlots.last; number++) {
      yield pciSlot(`br${bridge}s${number}`, `br${bridge}`, slot.firstBridge + bridge, number);
    }
  }
}

/** The place of the disk with this index among those that the VM starts with. */
export function coldSlot(config: ResolvedHypervisorConfig, index: number): DriveSlot {
  if (config.blockDeviceDriver === "virtio-scsi") return scsiSlot(index);
  const number = slot.firstDrive + index;
  return {
    name: `cold${index}`,
    place: { bus: machines[config.machineType].rootBus, addr: hex(number) },
    address: { kind: "pci", path: pciPath(number) },
  };
}

function pciSlot(name: string, bus: string, bridge: number, number: number): DriveSlot {
  return {
    name,
    place: { bus, addr: hex(number) },
    address: { kind: "pci", path: pciPath(bridge, number) },
  };
}

function scsiSlot(index: number): DriveSlot {
  const address = scsiAddress(index);
  const [id = 0, lun = 0] = address.split(":").map(Number);
  return {
    name: `scsi${index}`,
    place: { bus: "scsi0.0", channel: 0, "scsi-id": id, lun },
    address: { kind: "scsi", address },
  };
}
