import { createHost } from "../../host/real.ts";
import { watchVmm } from "../ending.ts";
import type { Hypervisor, HypervisorCapabilities } from "../hypervisor.ts";
import { command, start, startedVm } from "./launch.ts";
import type { Machine } from "./machine.ts";
import { type MockHypervisorOptions, pass } from "./options.ts";
import { dead, MockVm } from "./vm.ts";

export type { MockCall, MockFailure, MockHypervisorOptions, MockMachine } from "./options.ts";

const capabilities: HypervisorCapabilities = {
  coldPlug: ["disk", "virtio-fs", "vsock", "network"],
  hotPlug: ["disk", "network"],
  cpuHotplug: true,
  memoryHotplug: true,
  pause: true,
  guestFiles: false,
  logCarriers: ["serial-file", "disk"],
  agentTransport: "virtio-serial",
  agentClients: 28,
};

/**
 * A hypervisor without VMs. In the VMM's place stands a process that only waits, so that pids, locks, the
 * ledger and sudden deaths are real; the guest agent is a function in this process's memory.
 */
export function createMockHypervisor(options: MockHypervisorOptions): Hypervisor {
  const host = options.host ?? createHost();
  const machines = new Map<string, Machine>();
  return {
    type: "mock",
    capabilities: { ...capabilities, ...options.capabilities },
    validate: (_config, signal) => pass(options, "validate", signal),
    command: async (spec) => await command(host, spec),
    start: async (spec, ledger, signal) => {
      await pass(options, "start", signal);
      const machine = await start(options, host, spec, ledger, signal);
      machines.set(spec.marker, machine);
      machine.gone.then(() => machines.delete(spec.marker));
      return startedVm(options, host, spec, machine);
    },
    adopt: async ({ sandboxId, folder, config }, state) => {
      await pass(options, "adopt");
      if (!(await host.processes.isAlive(state.process))) throw dead(sandboxId);
      const machine = machines.get(state.marker);
      const { gone, release: onRelease } =
        machine === undefined
          ? watchVmm(host, "it", state.process)
          : { gone: machine.gone, release: () => {} };
      return new MockVm({
        options,
        host,
        sandboxId,
        folder,
        config,
        state,
        machine,
        gone,
        onRelease,
      });
    },
  };
}
