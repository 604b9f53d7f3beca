import type { HypervisorCapabilities } from "../hypervisor.ts";

export const capabilities: HypervisorCapabilities = {
  coldPlug: ["disk", "virtio-fs", "virtio-9p", "vsock", "network", "vhost-user", "vfio"],
  hotPlug: ["disk", "network", "vhost-user", "vfio"],
  cpuHotplug: true,
  memoryHotplug: true,
  pause: true,
  guestFiles: true,
  logCarriers: ["serial-file", "disk"],
  agentTransport: "virtio-serial",
  agentClients: 28,
};
