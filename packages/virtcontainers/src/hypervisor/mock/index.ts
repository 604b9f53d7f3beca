import { join } from "node:path";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { createHost } from "../../host/real.ts";
import type { GuestAddress } from "../../store/guest-address.ts";
import type { Ledger } from "../../store/ledger.ts";
import { assertCanAttach } from "../can-attach.ts";
import type { Hypervisor, HypervisorCapabilities, RunningVm, VmSpec } from "../hypervisor.ts";
import { Machine, machineFile } from "./machine.ts";
import { type MockHypervisorOptions, pass } from "./options.ts";
import { dead, freeAddress, MockVm } from "./vm.ts";

export type { MockCall, MockFailure, MockHypervisorOptions, MockMachine } from "./options.ts";

const capabilities: HypervisorCapabilities = {
  coldPlug: ["disk", "virtio-fs", "vsock"],
  hotPlug: ["disk"],
  cpuHotplug: true,
  memoryHotplug: true,
  pause: true,
  guestFiles: false,
  logCarriers: ["serial-file", "disk"],
  agentTransport: "virtio-serial",
  agentClients: 28,
};

/** A shell that stops itself; the marker is an argument, as for any VMM. */
const standIn = ["-c", "kill -STOP $$", "virtc-mock-vmm"];

/**
 * A hypervisor without VMs. In the VMM's place stands a process that only waits, so that pids, locks, the
 * ledger and sudden deaths are real; the guest agent is a function in this process's memory.
 */
export function createMockHypervisor(options: MockHypervisorOptions): Hypervisor {
  const host = options.host ?? createHost();
  const machines = new Map<string, Machine>();
  const driver: Hypervisor = {
    type: "mock",
    capabilities: { ...capabilities, ...options.capabilities },
    validate: (_config, signal) => pass(options, "validate", signal),
    command: async (spec) => await command(host, spec),
    start: async (spec, ledger, signal) => {
      await pass(options, "start", signal);
      for (const { kind } of spec.devices) assertCanAttach(driver, kind, "cold");
      const machine = await start(options, host, spec, ledger, signal);
      machines.set(spec.marker, machine);
      machine.gone.then(() => machines.delete(spec.marker));
      return startedVm(options, host, spec, machine);
    },
    adopt: async ({ sandboxId, folder }, state) => {
      await pass(options, "adopt");
      if (!(await host.processes.isAlive(state.process))) throw dead(sandboxId);
      const machine = machines.get(state.marker);
      const watch = new AbortController();
      const gone =
        machine?.gone ??
        host.processes.waitGone(state.process, watch.signal).then(
          () => "it is gone",
          () => new Promise<string>(() => {}),
        );
      const onRelease = (): void => watch.abort();
      return new MockVm({ options, host, sandboxId, folder, state, machine, gone, onRelease });
    },
  };
  return driver;
}

async function command(host: Host, spec: VmSpec): Promise<{ path: string; args: string[] }> {
  const path = await host.processes.which("sh");
  if (path === undefined) throw new VirtError("HOST_REQUIREMENT", "there is no shell `sh`");
  return { path, args: [...standIn, spec.marker] };
}

async function start(
  options: MockHypervisorOptions,
  host: Host,
  spec: VmSpec,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<Machine> {
  const { marker, folder, user } = spec;
  const record = { kind: "process", name: "mock", marker } as const;
  return await ledger.take(record, async (update) => {
    host.failpoint("mock.spawn.before");
    const child = await host.processes.spawnDetached({
      ...(await command(host, spec)),
      cwd: folder,
      outputPath: join(folder, machineFile.output),
      ...user,
    });
    host.failpoint("mock.spawn.after");
    const { pid, startTime } = child;
    await update({ ...record, pid, startTime });
    await pass(options, "started", signal);
    return new Machine(options, host, spec, child);
  });
}

function startedVm(
  options: MockHypervisorOptions,
  host: Host,
  spec: VmSpec,
  machine: Machine,
): RunningVm {
  const { marker, sandboxId, folder } = spec;
  const { pid, startTime } = machine.child;
  const devices: Record<string, GuestAddress> = {};
  for (const { id } of spec.devices) devices[id] = freeAddress(devices);
  const state = { process: { pid, startTime }, marker, devices, driver: {} };
  const { gone } = machine;
  const onRelease = (): void => machine.child.unref();
  return new MockVm({ options, host, sandboxId, folder, state, machine, gone, onRelease });
}
