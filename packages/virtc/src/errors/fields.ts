import { isLibraryError } from "./library.ts";
import { UsageError } from "./usage.ts";

const options: Readonly<Record<string, string>> = {
  id: "--name",
  hostname: "--hostname",
  kernel: "--kernel",
  "hypervisorConfig.kernelPath": "--kernel",
  "hypervisorConfig.memoryMiB": "--memory",
  "hypervisorConfig.numVCPUs": "--cpus",
  "hypervisorConfig.hypervisorPath": "--hypervisor",
  "hypervisorConfig.hypervisorMachineType": "--machine",
  "hypervisorConfig.accelerator": "--accelerator",
  cpus: "--cpus",
  memoryMiB: "--memory",
  "rootFs.target": "--rootfs",
  bundle: "--bundle",
  scratchMiB: "--scratch",
  "cmd.user": "--user",
  "cmd.workDir": "--workdir",
};

/** An error of the library about a field, told in terms of the option that the field came from. */
export function inOptionNames(error: unknown): unknown {
  if (!isLibraryError(error, "INVALID_ARGUMENT", "NOT_SUPPORTED") || error.field === undefined) {
    return error;
  }
  const option = options[error.field.replace(/^containers\.0\./, "")];
  if (option === undefined || !error.message.startsWith(error.field)) return error;
  return new UsageError(`${option}${error.message.slice(error.field.length)}`, error.hint);
}
