import { invalidArgument } from "../errors.ts";
import type { ResolvedHypervisorConfig } from "../hypervisor/config.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Context } from "../operation/context.ts";
import { resolveStored } from "../operation/resolve.ts";
import type { StoredSandbox } from "../store/schema.ts";
import type { VmSize } from "../store/vm-size.ts";
import { containerDemand, type Demand, vmSize } from "./demand.ts";

const nothing: Demand = { cpus: 0, memoryMiB: 0, cpusetCpus: 0 };

/** What the containers of a sandbox ask of its VM; nothing if its size is managed by its owner alone. */
export function demandOf({ config, containers }: StoredSandbox): Demand {
  return config.staticResourceMgmt ? nothing : containerDemand(containers);
}

/** The size that the VM of a sandbox should have now. */
export async function wantedSize(
  context: Context,
  hypervisor: Hypervisor,
  sandbox: StoredSandbox,
): Promise<VmSize> {
  const config = await resolveStored(context, hypervisor, sandbox);
  const demand = demandOf(sandbox);
  const most = largestSize(config);
  if (demand.cpusetCpus > most.cpus) {
    throw invalidArgument(
      "resources.cpu.cpus",
      demand.cpusetCpus - 1,
      `it names a CPU of the guest, which can have ${most.cpus} (hypervisorConfig.defaultMaxVCPUs)`,
    );
  }
  return vmSize(sandbox.baseSize ?? ownSize(config), demand, most);
}

/** What the VM has for itself, beside what its containers ask for. */
export function ownSize({ numVCPUs, memoryMiB }: ResolvedHypervisorConfig): VmSize {
  return { cpus: numVCPUs, memoryMiB };
}

/** What the VM can be grown to. */
export function largestSize(config: ResolvedHypervisorConfig): VmSize {
  return { cpus: config.defaultMaxVCPUs, memoryMiB: config.defaultMaxMemoryMiB };
}
