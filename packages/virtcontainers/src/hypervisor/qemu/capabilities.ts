import type { HypervisorCapabilities } from "../hypervisor.ts";
import type { MachineType } from "./config.ts";
import { machines } from "./machine/machines.ts";

/** What QEMU can do with a machine of this type. */
export function capabilitiesOf(machineType: MachineType): HypervisorCapabilities {
  const { growable, transport, rootPorts, bridges } = machines[machineType];
  const vfio = transport === "pci" ? (["vfio"] as const) : [];
  return {
    coldPlug: ["disk", "virtio-fs", "virtio-9p", "vsock", "network", "vhost-user", ...vfio],
    hotPlug: rootPorts || bridges ? ["disk", "network", "vhost-user", ...vfio] : [],
    cpuHotplug: growable,
    memoryHotplug: growable,
    pause: true,
    guestFiles: true,
    logCarriers: ["serial-file", "disk"],
    agentTransport: "virtio-serial",
    agentClients: 28,
  };
}
