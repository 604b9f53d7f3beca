import type { HypervisorCapabilities } from "../hypervisor.ts";

export const capabilities: HypervisorCapabilities = {
  blockDevice: true,
  blockHotplug: true,
  cpuHotplug: true,
  memoryHotplug: true,
  networkHotplug: false,
  fsSharing: ["virtio-fs", "virtio-9p"],
  snapshot: false,
  pause: true,
  agentTransport: "virtio-serial",
  vsock: true,
  agentClients: 28,
};
