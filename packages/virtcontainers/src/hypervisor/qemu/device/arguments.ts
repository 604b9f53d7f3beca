import type { Device, NetworkDevice } from "../../device.ts";
import type { QemuSpec } from "../config.ts";
import { descriptor, duplicated, type LaunchFacts, reopened } from "../launch-facts.ts";
import { type Place, placeDevices } from "../machine/places.ts";
import { option } from "../options.ts";
import type { Backend } from "./backend.ts";
import { deviceParts } from "./parts.ts";

/** The arguments of all that the VM is given. */
export function deviceArguments(
  { config, devices, folder }: QemuSpec,
  facts: LaunchFacts,
): string[] {
  const { accelerator } = facts;
  const vsock = { cid: facts.cid, fd: facts.descriptors.get(descriptor.vsock) };
  return placeDevices(config, devices).flatMap(({ device, place }) => {
    const path = pathOf(device, facts);
    const network = device.kind === "network" ? inheritedBy(device, facts) : undefined;
    const parts = deviceParts(device, { folder, path, vsock, network, accelerator }, config);
    const frontend = { ...parts.device, id: deviceId(place, device), ...place.properties };
    return [...parts.backends.flatMap(backendArguments), ...["-device", JSON.stringify(frontend)]];
  });
}

/** Where QEMU finds the file of a device, if it has one that was opened for it. */
function pathOf(device: Device, facts: LaunchFacts): string | undefined {
  if (device.kind === "disk") return duplicated(descriptor.disk(device.id), device.path, facts);
  if (device.kind !== "vhost-user") return undefined;
  return reopened(descriptor.socket(device.id), device.socketPath, facts);
}

/** The numbers that QEMU inherits an interface's descriptors under. */
function inheritedBy({ id, taps, vhost = [] }: NetworkDevice, facts: LaunchFacts) {
  const number = (part: "tap" | "vhost") => (fd: number, index: number) =>
    facts.descriptors.get(descriptor.network(part, id, index)) ?? fd;
  return { taps: taps.map(number("tap")), vhost: vhost.map(number("vhost")) };
}

function backendArguments(backend: Backend): string[] {
  return backend.option === "blockdev"
    ? ["-blockdev", JSON.stringify(backend.value)]
    : [`-${backend.option}`, option(backend.driver, backend.values)];
}

/** QEMU's id of a device tells its place, so that a running VM can be asked which are taken. */
export function deviceId(place: Place, { id }: Pick<Device, "id">): string {
  return `${place.name}.${id}`;
}
