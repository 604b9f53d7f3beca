import type { HypervisorCapabilities } from "../hypervisor.ts";
import type { MachineType } from "./config.ts";
import { machines } from "./machine/machines.ts";

/** What QEMU can do with a machine of this type. */
export function capabilitiesOf(machineType: MachineType): HypervisorCapabilities {
  const { growable, transport } = machines[machineType];
  return {
    coldPlug: ["disk", "virtio-fs", "virtio-9p", "vsock", "network", "vhost-user"],
    hotPlug: transport === "pci" ? ["disk", "network", "vhost-user"] : [],
    cpuHotplug: growable,
    memoryHotplug: growable,
    pause: true,
    guestFiles: true,
    logCarriers: ["serial-file", "disk"],
    agentTransport: "virtio-serial",
    agentClients: 28,
  };
}
