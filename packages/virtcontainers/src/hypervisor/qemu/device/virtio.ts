import type { QemuConfig } from "../config.ts";

/** These have no form of before virtio 1.0, so they do not know the property. */
const modernOnly: ReadonlySet<string> = new Set([
  "vhost-user-fs-pci",
  "vhost-user-vsock-pci",
  "vhost-vsock-pci",
  "virtio-mem-pci",
]);

/** What all virtio devices of QEMU's own have in common. */
export function virtioProperties({ iommuPlatform }: QemuConfig, driver = "") {
  return {
    ...(!modernOnly.has(driver) && { "disable-legacy": "on" }),
    ...(iommuPlatform && { iommu_platform: true }),
  };
}
