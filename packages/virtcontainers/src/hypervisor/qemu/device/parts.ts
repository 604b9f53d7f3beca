import { relative } from "node:path";
import { invalidArgument } from "../../../errors.ts";
import type { Device, NetworkDevice } from "../../device.ts";
import type { QemuConfig } from "../config.ts";
import { virtioDevice } from "../machine/virtio.ts";
import type { Backend, DeviceParts, Values } from "./backend.ts";
import { diskParts } from "./disk.ts";
import type { DeviceFacts, NetworkDescriptors } from "./facts.ts";
import { networkParts, vhostUserParts } from "./network.ts";
import { daemonCid, daemonSocket } from "./vsock-daemon.ts";

/** The parts of a device. INVALID_ARGUMENT for an id that QEMU would not take. */
export function deviceParts(device: Device, facts: DeviceFacts, config: QemuConfig): DeviceParts {
  checkId(device.id);
  switch (device.kind) {
    case "disk":
      return diskParts(device, facts.path ?? device.path, config);
    case "virtio-fs": {
      const window = config.virtioFSCacheSizeMiB;
      return virtio(config, "vhost-user-fs", {
        backends: [
          {
            option: "chardev",
            driver: "socket",
            values: { id: device.id, path: relative(facts.folder, device.socketPath) },
          },
        ],
        values: {
          chardev: device.id,
          tag: device.tag,
          ...(window > 0 && { "cache-size": `${window}M` }),
        },
      });
    }
    case "virtio-9p":
      return virtio(config, "virtio-9p", {
        backends: [
          {
            option: "fsdev",
            driver: "local",
            values: {
              id: device.id,
              path: device.path,
              security_model: "none",
              multidevs: "remap",
            },
          },
        ],
        values: { fsdev: device.id, mount_tag: device.tag },
      });
    case "vsock": {
      const { cid = daemonCid, fd } = facts.vsock ?? {};
      if (config.vsockDaemon !== undefined) {
        const values = { id: device.id, ...(fd === undefined ? { path: daemonSocket } : { fd }) };
        return virtio(config, "vhost-user-vsock", {
          backends: [{ option: "chardev", driver: "socket", values }],
          values: { chardev: device.id },
        });
      }
      const values = { "guest-cid": cid, ...(fd !== undefined && { vhostfd: String(fd) }) };
      return virtio(config, "vhost-vsock", { backends: [], values });
    }
    case "network":
      return networkParts(device, facts.network ?? ownDescriptors(device), config);
    case "vfio":
      return { backends: [], device: { driver: "vfio-pci", sysfsdev: device.sysfsPath } };
    case "vhost-user":
      return vhostUserParts(device, facts, config);
  }
}

function virtio(
  config: QemuConfig,
  name: string,
  { backends, values }: { backends: readonly Backend[]; values: Values },
): DeviceParts {
  return { backends, device: { ...virtioDevice(config, name), ...values } };
}

/** As this process has them. */
function ownDescriptors({ taps, vhost = [] }: NetworkDevice): NetworkDescriptors {
  return { taps, vhost };
}

/** Node names of QEMU have at most 31 characters and begin with a letter. */
function checkId(id: string): void {
  if (/^[a-zA-Z][a-zA-Z0-9-]{0,30}$/.test(id)) return;
  throw invalidArgument("device.id", id, "it has 1 to 31 of [a-zA-Z0-9-] and begins with a letter");
}
