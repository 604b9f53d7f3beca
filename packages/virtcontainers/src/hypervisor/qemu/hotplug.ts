import * as v from "valibot";
import { isVirtError, VirtError } from "../../errors.ts";
import type { GuestAddress } from "../../store/guest-address.ts";
import type { Device, NetworkDevice } from "../device.ts";
import type { QemuConfig } from "./config.ts";
import type { Qmp } from "./control.ts";
import { deviceId } from "./device/arguments.ts";
import type { Backend } from "./device/backend.ts";
import type { NetworkDescriptors } from "./device/facts.ts";
import { deviceParts } from "./device/parts.ts";
import { descriptor } from "./launch-facts.ts";
import { noPlace, type Place, Places } from "./machine/places.ts";
import { assertMemoryShared } from "./memory/shared.ts";

const Peripherals = v.array(v.object({ name: v.string() }));
const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const FdSet = v.object({ "fdset-id": index, fd: index });

/**
 * Plugs a device into the first free place. Which places are free is QEMU's to say, not a record of ours: so a
 * caller that died between plugging and recording has left no place that two devices would share. `fd` is the
 * open file of a disk; it is QEMU's only as long as the disk is there.
 */
export async function attachDevice(
  qmp: Qmp,
  device: Device,
  { folder, fd }: { folder: string; fd: number | undefined },
  config: QemuConfig,
  signal: AbortSignal,
): Promise<GuestAddress> {
  const devices = await listDevices(qmp, signal);
  if (devices.some((name) => idOf(name) === device.id))
    throw new VirtError("ALREADY_EXISTS", `a device ${device.id} is plugged in already`);
  const place = freePlace(devices, device.kind, config) ?? noPlace(device.kind, config);
  // Left by a plug or an unplug that was cut off in the middle.
  await removeBackend(qmp, device.id, signal);
  const accelerator = device.kind === "vhost-user" ? await acceleratorOf(qmp, signal) : undefined;
  if (device.kind === "vhost-user") await assertMemoryShared(qmp, signal);
  const path = fd === undefined ? undefined : await passFile(qmp, fd, device.kind, signal);
  const network = device.kind === "network" ? await passQueues(qmp, device, signal) : undefined;
  const { backends, device: driver } = deviceParts(
    device,
    { folder, path, network, accelerator },
    config,
  );
  try {
    for (const backend of backends) await addBackend(qmp, backend, signal);
    const frontend = { ...driver, id: deviceId(place, device), ...place.properties };
    await qmp.execute("device_add", frontend, signal);
  } catch (error) {
    await removeBackend(qmp, device.id, signal);
    throw error;
  }
  return place.address;
}

const Kvm = v.object({ enabled: v.boolean() });

async function acceleratorOf(qmp: Qmp, signal: AbortSignal): Promise<"kvm" | "tcg"> {
  const kvm = v.safeParse(Kvm, await qmp.execute("query-kvm", {}, signal));
  if (kvm.success) return kvm.output.enabled ? "kvm" : "tcg";
  throw new VirtError("HYPERVISOR_FAILED", "QEMU's answer to query-kvm is not one");
}

/** Where QEMU then finds the file. It closes the descriptor once no disk uses it and this client is gone. */
async function passFile(
  qmp: Qmp,
  fd: number,
  kind: Device["kind"],
  signal: AbortSignal,
): Promise<string> {
  const set = v.safeParse(FdSet, await qmp.execute("add-fd", {}, signal, fd));
  if (set.success) {
    // What is connected to, and not opened, is none that QEMU could duplicate.
    return kind === "vhost-user"
      ? `/proc/self/fd/${set.output.fd}`
      : `/dev/fdset/${set.output["fdset-id"]}`;
  }
  throw new VirtError("HYPERVISOR_FAILED", "QEMU's answer to add-fd is not one");
}

/** The names by which QEMU then finds the descriptors, which a netdev takes for its own. */
async function passQueues(
  qmp: Qmp,
  { id, taps, vhost = [] }: NetworkDevice,
  signal: AbortSignal,
): Promise<NetworkDescriptors> {
  const pass = async (part: "tap" | "vhost", fds: readonly number[]): Promise<string[]> => {
    const names: string[] = [];
    for (const [index, fd] of fds.entries()) {
      const fdname = descriptor.network(part, id, index);
      // One of the same name, which a plug that was cut off may have left, is closed.
      await qmp.execute("getfd", { fdname }, signal, fd);
      names.push(fdname);
    }
    return names;
  };
  return { taps: await pass("tap", taps), vhost: await pass("vhost", vhost) };
}

async function addBackend(qmp: Qmp, backend: Backend, signal: AbortSignal): Promise<void> {
  if (backend.option === "blockdev")
    return void (await qmp.execute("blockdev-add", backend.value, signal));
  if (backend.option === "netdev") {
    const netdev = { type: backend.driver, ...backend.values };
    return void (await qmp.execute("netdev_add", netdev, signal));
  }
  if (backend.option === "chardev" && "path" in backend.values) {
    const { id, path } = backend.values;
    const data = { addr: { type: "unix", data: { path } }, server: false };
    const chardev = { id, backend: { type: "socket", data } };
    return void (await qmp.execute("chardev-add", chardev, signal));
  }
  throw new VirtError("NOT_SUPPORTED", `QEMU can't be given a ${backend.option} while it runs`);
}

/** Asks the guest to let a device go and waits until it has. One that is not there is no error. */
export async function detachDevice(qmp: Qmp, id: string, signal: AbortSignal): Promise<void> {
  const device = (await listDevices(qmp, signal)).find((name) => idOf(name) === id);
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
  await removeBackend(qmp, id, signal);
}

function freePlace(
  devices: readonly string[],
  kind: Device["kind"],
  config: QemuConfig,
): Place | undefined {
  const taken = devices.flatMap((name) => placeOf(name) ?? []);
  return new Places(config, taken).take(kind, "hot");
}

/** A free PCI place for a device of the driver's own. */
export async function freePciPlace(
  qmp: Qmp,
  config: QemuConfig,
  signal: AbortSignal,
): Promise<Place | undefined> {
  return freePlace(await listDevices(qmp, signal), "network", config);
}

/** The ids of all devices that have one: ours are a place, a dot and a name. */
async function listDevices(qmp: Qmp, signal: AbortSignal): Promise<string[]> {
  const answer = await qmp.execute("qom-list", { path: "/machine/peripheral" }, signal);
  const devices = v.safeParse(Peripherals, answer);
  if (devices.success) return devices.output.map(({ name }) => name);
  throw new VirtError("HYPERVISOR_FAILED", "QEMU's list of devices is not one");
}

const Nodes = v.array(v.object({ "node-name": v.optional(v.string()) }));

/** What stands behind a device of this id, be it a disk's file or an interface's taps. */
async function removeBackend(qmp: Qmp, id: string, signal: AbortSignal): Promise<void> {
  const nodes = v.safeParse(
    Nodes,
    await qmp.execute("query-named-block-nodes", { flat: true }, signal),
  );
  if (!nodes.success) throw new VirtError("HYPERVISOR_FAILED", "QEMU's list of disks is not one");
  if (nodes.output.some((node) => node["node-name"] === id))
    return void (await qmp.execute("blockdev-del", { "node-name": id }, signal));
  // QEMU has no list of these.
  for (const command of ["netdev_del", "chardev-remove"]) {
    await qmp.execute(command, { id }, signal).catch((error: unknown) => {
      if (!isVirtError(error, "HYPERVISOR_FAILED") || !/not found/i.test(error.message))
        throw error;
    });
  }
}

function placeOf(device: string): string | undefined {
  const dot = device.indexOf(".");
  return dot < 0 ? undefined : device.slice(0, dot);
}

function idOf(device: string): string | undefined {
  const dot = device.indexOf(".");
  return dot < 0 ? undefined : device.slice(dot + 1);
}
