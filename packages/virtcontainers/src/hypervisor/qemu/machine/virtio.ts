import type { QemuConfig } from "../config.ts";
import { machines } from "./machines.ts";

/** These have no form of before virtio 1.0, so they do not know the property. */
const modernOnly: ReadonlySet<string> = new Set([
  "vhost-user-fs",
  "vhost-user-vsock",
  "vhost-vsock",
  "virtio-mem",
]);

/** A virtio device on the machine's transport, by its name without that, such as `virtio-blk`. */
export function virtioDevice(config: QemuConfig, name: string) {
  const pci = machines[config.machineType].transport === "pci";
  return {
    driver: `${name}-${pci ? "pci" : "device"}`,
    ...(pci && !modernOnly.has(name) && { "disable-legacy": "on" }),
    ...(config.iommuPlatform && { iommu_platform: true }),
  };
}
