import type { NetworkDevice, VhostUserDevice } from "../../device.ts";
import type { QemuConfig } from "../config.ts";
import { machines } from "../machine/machines.ts";
import { virtioDevice } from "../machine/virtio.ts";
import type { DeviceParts } from "./backend.ts";

/** What QEMU knows the descriptors by: numbers of inherited ones, or names of those that it was handed. */
export interface NetworkDescriptors {
  taps: readonly (string | number)[];
  /** None: QEMU serves the queues itself. */
  vhost: readonly (string | number)[];
}

/** A network interface with a pair of queues for each tap. */
export function networkParts(
  { id, mac, mtu, taps }: NetworkDevice,
  descriptors: NetworkDescriptors,
  config: QemuConfig,
): DeviceParts {
  const pairs = taps.length;
  const vhost = descriptors.vhost.length > 0;
  return {
    backends: [
      {
        option: "netdev",
        driver: "tap",
        values: {
          id,
          fds: descriptors.taps.join(":"),
          ...(vhost && { vhost: true, vhostfds: descriptors.vhost.join(":") }),
        },
      },
    ],
    device: frontend({ id, mac, mtu, pairs }, config),
  };
}

/** A network interface that the process behind the socket at `path` serves. */
export function vhostUserParts(
  { id, mac, mtu, queues }: VhostUserDevice,
  path: string,
  config: QemuConfig,
): DeviceParts {
  return {
    backends: [
      { option: "chardev", driver: "socket", values: { id, path } },
      { option: "netdev", driver: "vhost-user", values: { id, chardev: id, queues } },
    ],
    device: frontend({ id, mac, mtu, pairs: queues }, config),
  };
}

function frontend(
  { id, mac, mtu, pairs }: { id: string; mac: string; mtu: number | undefined; pairs: number },
  config: QemuConfig,
): DeviceParts["device"] {
  const pci = machines[config.machineType].transport === "pci";
  return {
    ...virtioDevice(config, "virtio-net"),
    netdev: id,
    mac,
    // A vector for each queue, one for the control queue and one for changes of the configuration.
    ...(pairs > 1 && { mq: true, ...(pci && { vectors: 2 * pairs + 2 }) }),
    ...(mtu !== undefined && { host_mtu: mtu }),
    // Nothing is booted over it.
    ...(pci && { romfile: "" }),
  };
}
