import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { Logger } from "../../log.ts";
import type { VmState } from "../../store/vm-state.ts";
import { watchVmm } from "../ending.ts";
import type { Hypervisor, RunningVm } from "../hypervisor.ts";
import { launchArguments } from "./arguments.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { validateConfig } from "./checks/validate.ts";
import { defaults, ownConfig, type QemuSpec, withQemuConfig } from "./config.ts";
import { launchFacts, start } from "./launch.ts";
import { resolveAccelerator } from "./machine/accelerator.ts";
import { Binaries } from "./machine/binary.ts";
import { driverStateOf } from "./state.ts";
import { QemuVm } from "./vm.ts";

/** The driver for QEMU 7.2 and newer. */
export function createQemu(host: Host, logger: Logger): Hypervisor {
  const binaries = new Binaries(host);

  return {
    type: "qemu",
    capabilities: capabilitiesOf(defaults.machineType),
    capabilitiesUnder: ({ hypervisorMachineType = defaults.machineType }) =>
      capabilitiesOf(hypervisorMachineType),
    ownConfig,
    validate: async (config, signal) =>
      await validateConfig(withQemuConfig({ config }).config, binaries, host, signal),
    command: async (given) => {
      const spec = withQemuConfig(given);
      const path = await binaries.find(spec.config);
      const { name } = await resolveAccelerator(spec.config);
      const facts = await launchFacts(spec.config, name);
      // An address as a VM would get one; QEMU then opens the device itself.
      return { path, args: launchArguments(spec, { ...facts, cid: 3, descriptors: new Map() }) };
    },
    start: async (spec, ledger, signal) =>
      await start(host, logger, binaries, withQemuConfig(spec), ledger, signal),
    adopt: async (spec, state) => await adopt(host, withQemuConfig(spec), state),
  };
}

async function adopt(
  host: Host,
  spec: Pick<QemuSpec, "sandboxId" | "folder" | "config">,
  state: VmState,
): Promise<RunningVm> {
  if (!(await host.processes.isAlive(state.process))) {
    throw new VirtError("SANDBOX_DEAD", `the VM of sandbox ${spec.sandboxId} is gone`, {
      sandboxId: spec.sandboxId,
      hint: "Delete the sandbox, or start it again.",
    });
  }
  const { gone, release: onRelease } = watchVmm(host, "QEMU", state.process);
  return new QemuVm({
    host,
    ...spec,
    user: driverStateOf(state).user,
    state,
    gone,
    boots: false,
    onRelease,
  });
}
