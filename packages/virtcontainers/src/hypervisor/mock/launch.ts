import { join } from "node:path";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { GuestAddress } from "../../store/guest-address.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { RunningVm, VmSpec } from "../hypervisor.ts";
import { freeAddress } from "./hotplug.ts";
import { Machine, machineFile } from "./machine.ts";
import { type MockHypervisorOptions, pass } from "./options.ts";
import { MockVm } from "./vm.ts";

/** A shell that stops itself; the marker is an argument, as for any VMM. */
const standIn = ["-c", "kill -STOP $$", "virtc-mock-vmm"];

/** The command of the process that stands for the VMM. */
export async function command(host: Host, spec: VmSpec): Promise<{ path: string; args: string[] }> {
  const path = await host.processes.which("sh");
  if (path === undefined) throw new VirtError("HOST_REQUIREMENT", "there is no shell `sh`");
  return { path, args: [...standIn, spec.marker] };
}

/** Starts that process, and gives it the memory of a machine. */
export async function start(
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
      networkNamespace: spec.networkNamespace,
      ...user,
    });
    host.failpoint("mock.spawn.after");
    const { pid, startTime } = child;
    await update({ ...record, pid, startTime });
    await pass(options, "started", signal);
    return new Machine(options, host, spec, child);
  });
}

export function startedVm(
  options: MockHypervisorOptions,
  host: Host,
  spec: VmSpec,
  machine: Machine,
): RunningVm {
  const { marker, sandboxId, folder, config } = spec;
  const { pid, startTime } = machine.child;
  const devices: Record<string, GuestAddress> = {};
  for (const { id } of spec.devices) devices[id] = freeAddress(devices);
  const state = { process: { pid, startTime }, marker, devices, driver: {} };
  const { gone } = machine;
  const onRelease = (): void => machine.child.unref();
  return new MockVm({ options, host, sandboxId, folder, config, state, machine, gone, onRelease });
}
