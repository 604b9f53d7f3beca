import type { HypervisorConfig } from "virtcontainers";
import type { LibraryOptions } from "../library.ts";
import { accelerators, machineTypes } from "./options.ts";
import type { VmRequest } from "./request.ts";

/** The VM that was asked for; what was not is left to the library's defaults. A pure function. */
export function hypervisorConfig(request: VmRequest): HypervisorConfig {
  const { options } = request;
  return {
    numVCPUs: request.cpus?.numVCPUs,
    memoryMiB: request.memoryMiB,
    kernelPath: request.kernelPath,
    hypervisorPath: request.hypervisorPath,
    hypervisorMachineType: machineTypes.find((known) => known === options.machine),
    accelerator: accelerators.find((known) => known === options.accelerator),
  };
}

/** The library that boots the VM with the kernel that was asked for. */
export function libraryOptions({ kernel }: VmRequest): LibraryOptions {
  return kernel === undefined ? {} : { kernel };
}
