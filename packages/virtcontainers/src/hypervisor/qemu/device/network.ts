import type { NetworkDevice, VhostUserDevice } from "../../device.ts";
import type { QemuConfig } from "../config.ts";
import { machines } from "../machine/machines.ts";
import { virtioDevice } from "../machine/virtio.ts";
import type { DeviceParts } from "./backend.ts";
import type { DeviceFacts, NetworkDescriptors } from "./facts.ts";

/** A network interface with a pair of queues for each tap. */
export function networkParts(
  { id, mac, mtu, taps, queueSize }: NetworkDevice,
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
    device: frontend({ id, mac, mtu, pairs, received: queueSize }, config),
  };
}

/**
 * A network interface that the process behind the socket serves. Its interrupts come straight from there: without KVM,
 * QEMU 7.2 ends by SIGSEGV where they are MSI-X.
 */
export function vhostUserParts(
  { id, socketPath, mac, mtu, queues, queueSize }: VhostUserDevice,
  { path = socketPath, accelerator }: Pick<DeviceFacts, "path" | "accelerator">,
  config: QemuConfig,
): DeviceParts {
  const plain = accelerator === "tcg" && machines[config.machineType].transport === "pci";
  const parts = { id, mac, mtu, pairs: queues, received: queueSize, sent: queueSize };
  return {
    backends: [
      { option: "chardev", driver: "socket", values: { id, path } },
      { option: "netdev", driver: "vhost-user", values: { id, chardev: id, queues } },
    ],
    device: { ...frontend(parts, config), ...(plain && { vectors: 0 }) },
  };
}

interface Frontend {
  id: string;
  mac: string;
  mtu: number | undefined;
  pairs: number;
  /** Entries of the queues. Those to the host can only be more where another process serves them. */
  received: number | undefined;
  sent?: number | undefined;
}

function frontend(
  { id, mac, mtu, pairs, received, sent }: Frontend,
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
    ...(received !== undefined && { rx_queue_size: received }),
    ...(sent !== undefined && { tx_queue_size: sent }),
    // Nothing is booted over it.
    ...(pci && { romfile: "" }),
  };
}
