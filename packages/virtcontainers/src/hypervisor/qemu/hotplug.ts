import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import type { ResolvedHypervisorConfig } from "../config.ts";
import type { BlockDrive, GuestAddress } from "../hypervisor.ts";
import type { Qmp } from "./control.ts";
import { blockdev, driveDevice } from "./drive.ts";
import { type DriveSlot, driveSlots } from "./slots.ts";

const Peripherals = v.array(v.object({ name: v.string() }));

/**
 * Plugs a disk into the first free place. Which places are free is QEMU's to say, not a record of ours:
 * so a caller that died between plugging and recording has left no place that two disks would share.
 */
export async function plugDrive(
  qmp: Qmp,
  drive: BlockDrive,
  config: ResolvedHypervisorConfig,
  signal: AbortSignal,
): Promise<GuestAddress> {
  const devices = await listDevices(qmp, signal);
  const there = devices.find((device) => driveOf(device) === drive.id);
  if (there !== undefined) {
    throw new VirtError("ALREADY_EXISTS", `a drive ${drive.id} is plugged in already`);
  }
  const taken = new Set(devices.map(slotOf));
  const slot = freeSlot(config, taken);
  if (slot === undefined) {
    throw new VirtError("NOT_SUPPORTED", "no place is left in the VM for another drive", {
      field: "hypervisorConfig.defaultBridges",
      hint: "Give the sandbox more defaultBridges or pcieRootPort, or use virtio-scsi.",
    });
  }
  // Left by a plug or an unplug that was cut off in the middle.
  await removeNode(qmp, drive.id, signal);
  await qmp.execute("blockdev-add", blockdev(drive, config), signal);
  try {
    await qmp.execute("device_add", driveDevice(drive, slot, config), signal);
  } catch (error) {
    await removeNode(qmp, drive.id, signal);
    throw error;
  }
  return slot.address;
}

/** Asks the guest to let a disk go and waits until it has. A drive that is not there is no error. */
export async function unplugDrive(qmp: Qmp, id: string, signal: AbortSignal): Promise<void> {
  const device = (await listDevices(qmp, signal)).find((name) => driveOf(name) === id);
  if (device !== undefined) {
    // QEMU tells it twice: of the device's inner path first, then of the device itself.
    const deleted = qmp.waitEvent(
      ({ event, data }) => event === "DEVICE_DELETED" && data?.device === device,
      signal,
    );
    deleted.catch(() => {});
    await qmp.execute("device_del", { id: device }, signal);
    await deleted;
  }
  await removeNode(qmp, id, signal);
}

function freeSlot(
  config: ResolvedHypervisorConfig,
  taken: ReadonlySet<string | undefined>,
): DriveSlot | undefined {
  for (const slot of driveSlots(config)) if (!taken.has(slot.name)) return slot;
  return undefined;
}

/** A free PCI place for a device that is no disk. */
export async function freeDeviceSlot(
  qmp: Qmp,
  config: ResolvedHypervisorConfig,
  signal: AbortSignal,
): Promise<DriveSlot | undefined> {
  const taken = new Set((await listDevices(qmp, signal)).map(slotOf));
  return freeSlot({ ...config, blockDeviceDriver: "virtio-blk" }, taken);
}

/** The ids of all devices that have one: ours are a slot, a dot and a drive. */
async function listDevices(qmp: Qmp, signal: AbortSignal): Promise<string[]> {
  const answer = await qmp.execute("qom-list", { path: "/machine/peripheral" }, signal);
  const devices = v.safeParse(Peripherals, answer);
  if (devices.success) return devices.output.map(({ name }) => name);
  throw new VirtError("HYPERVISOR_FAILED", "QEMU's list of devices is not one");
}

const Nodes = v.array(v.object({ "node-name": v.optional(v.string()) }));

async function removeNode(qmp: Qmp, id: string, signal: AbortSignal): Promise<void> {
  const nodes = v.safeParse(
    Nodes,
    await qmp.execute("query-named-block-nodes", { flat: true }, signal),
  );
  if (!nodes.success) throw new VirtError("HYPERVISOR_FAILED", "QEMU's list of disks is not one");
  if (!nodes.output.some((node) => node["node-name"] === id)) return;
  await qmp.execute("blockdev-del", { "node-name": id }, signal);
}

function slotOf(device: string): string | undefined {
  const dot = device.indexOf(".");
  return dot < 0 ? undefined : device.slice(0, dot);
}

function driveOf(device: string): string | undefined {
  const dot = device.indexOf(".");
  return dot < 0 ? undefined : device.slice(dot + 1);
}
