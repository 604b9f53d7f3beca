import { VirtError } from "../../../errors.ts";
import { type GuestAddress, pciPath, scsiAddress } from "../../../store/guest-address.ts";
import type { Device, DeviceKind } from "../../device.ts";
import type { QemuConfig } from "../config.ts";
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
  firstDisk: 0x08,
  firstBridge: 0x10,
  firstRootPort: 0x15,
} as const;

/**
 * Where devices sit that have a bus each, by its number. The guest's kernel finds the highest bus first, so the root
 * image has that one and is its /dev/vda; disks have those below it, in their order.
 */
const mmio = {
  image: 23,
  disks: { first: 22, last: 8 },
  vsock: 1,
  network: [7, 4, 0],
} as const;

export const maxBridges = slot.firstRootPort - slot.firstBridge;
export const maxRootPorts = 0x1f - slot.firstRootPort;
/** Slot 0 of a bridge is its hotplug controller's, where it has one; the last is the random number device's. */
const bridgeSlots = { first: 1, last: 30, rng: 31 } as const;
const maxScsiDisks = 16_384;

const letters = "abcdefghijklmnopqrstuvwxyz";

/** Where a device can sit. */
export interface Place {
  /** Names the place, and is the part of its device's id before the dot. */
  name: string;
  /** The properties of device_add that put a device there. */
  properties: Record<string, string | number>;
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
export function rngPlaces(config: QemuConfig): Record<string, string>[] {
  const machine = machines[config.machineType];
  const bridges = machine.bridges ? config.defaultBridges : 0;
  if (bridges === 0) return [rootProperties(config, slot.rng)];
  const addr = hex(bridgeSlots.rng);
  return Array.from({ length: bridges }, (_, index) => ({ bus: `br${index}`, addr }));
}

/** The root image's slot or bus: the guest's kernel finds it before all other disks. */
export function imagePlace({ machineType }: Pick<QemuConfig, "machineType">): number {
  return machines[machineType].transport === "mmio" ? mmio.image : slot.image;
}

/** The properties that put a device into a slot of the root bus, or a function in one, as in `02.1`; or on a bus of its own. */
export function rootProperties(
  { machineType }: Pick<QemuConfig, "machineType">,
  place: number | string,
): Record<string, string> {
  const { transport, rootBus } = machines[machineType];
  if (transport === "mmio") return { bus: `${rootBus}.${place}` };
  return { bus: rootBus, addr: typeof place === "number" ? hex(place) : place };
}

/** Gives out places; none twice, nor one that a running VM says is taken. */
export class Places {
  readonly #config: QemuConfig;
  readonly #taken: Set<string>;

  constructor(config: QemuConfig, taken: Iterable<string> = []) {
    this.#config = config;
    this.#taken = new Set(taken);
  }

  /** The first free place for a device of this kind; undefined if all are taken. */
  take(kind: DeviceKind, when: "cold" | "hot"): Place | undefined {
    for (const place of candidates(this.#config, kind, when)) {
      if (this.#taken.has(place.name)) continue;
      this.#taken.add(place.name);
      return place;
    }
    return undefined;
  }
}

/** The places of the devices that a VM starts with. NOT_SUPPORTED if there is none left for one. */
export function placeDevices(
  config: QemuConfig,
  devices: readonly Device[],
): { device: Device; place: Place }[] {
  const places = new Places(config);
  return devices.map((device) => ({
    device,
    place: places.take(device.kind, "cold") ?? noPlace(device.kind, config),
  }));
}

export function noPlace(kind: DeviceKind, { machineType }: QemuConfig): never {
  const bridged = machines[machineType].transport === "pci";
  throw new VirtError("NOT_SUPPORTED", `no place is left in the VM for another ${kind}`, {
    field: bridged ? "hypervisorConfig.defaultBridges" : "hypervisorConfig.hypervisorMachineType",
    hint: bridged
      ? "Give the sandbox more defaultBridges or pcieRootPort, or use virtio-scsi for disks."
      : "Take the machine type q35, or virtio-scsi for disks.",
  });
}

/** Where a device of a kind may sit, best first. What is there from the start may also sit on the root bus. */
function* candidates(config: QemuConfig, kind: DeviceKind, when: "cold" | "hot"): Generator<Place> {
  if (kind === "disk" && config.blockDeviceDriver === "virtio-scsi") {
    for (let index = 0; index < maxScsiDisks; index++) yield scsiPlace(index);
    return;
  }
  if (machines[config.machineType].transport === "mmio") {
    if (when === "cold") yield* mmioPlaces(config, kind);
    return;
  }
  if (when === "cold") {
    if (kind === "virtio-fs" || kind === "virtio-9p") yield rootPlace(config, slot.share);
    if (kind === "vsock") yield rootPlace(config, slot.vsock);
    if (kind === "disk") {
      for (let number = slot.firstDisk; number < slot.firstBridge; number++)
        yield rootPlace(config, number);
    }
  }
  yield* hotPlaces(config);
}

/** All PCI places that a device can be plugged into while the VM runs, in the order in which they are taken. */
function* hotPlaces(config: QemuConfig): Generator<Place> {
  const machine = machines[config.machineType];
  for (let port = 0; machine.rootPorts && port < config.pcieRootPorts; port++) {
    yield pciPlace(`rp${port}`, `rp${port}`, slot.firstRootPort + port, 0);
  }
  for (let bridge = 0; machine.bridges && bridge < config.defaultBridges; bridge++) {
    for (let number = bridgeSlots.first; number <= bridgeSlots.last; number++) {
      yield pciPlace(`br${bridge}s${number}`, `br${bridge}`, slot.firstBridge + bridge, number);
    }
  }
}

/** A slot on the root bus, or a function in one, as in `02.1`. */
function rootPlace(config: QemuConfig, place: number | string): Place {
  const addr = typeof place === "number" ? hex(place) : place;
  return {
    name: `root${addr.replace(".", "f")}`,
    properties: rootProperties(config, place),
    address: { kind: "pci", path: pciPath(Number.parseInt(addr, 16)) },
  };
}

/** The buses for a kind of device. What a disk is called in the guest goes by how many are before it. */
function* mmioPlaces(config: QemuConfig, kind: DeviceKind): Generator<Place> {
  const place = (bus: number, node: string): Place => ({
    name: `mmio${bus}`,
    properties: rootProperties(config, bus),
    address: { kind: "mmio", node },
  });
  if (kind === "disk") {
    const { first, last } = mmio.disks;
    const image = config.imagePath === undefined ? 0 : 1;
    for (let bus = first; bus >= last; bus--) yield place(bus, `vd${letters[image + first - bus]}`);
    return;
  }
  const shares = kind === "virtio-fs" || kind === "virtio-9p";
  const buses = shares ? [slot.share] : kind === "vsock" ? [mmio.vsock] : mmio.network;
  for (const bus of buses) yield place(bus, `virtio${bus}`);
}

function pciPlace(name: string, bus: string, bridge: number, number: number): Place {
  return {
    name,
    properties: { bus, addr: hex(number) },
    address: { kind: "pci", path: pciPath(bridge, number) },
  };
}

function scsiPlace(index: number): Place {
  const address = scsiAddress(index);
  const [id = 0, lun = 0] = address.split(":").map(Number);
  return {
    name: `scsi${index}`,
    properties: { bus: "scsi0.0", channel: 0, "scsi-id": id, lun },
    address: { kind: "scsi", address },
  };
}
