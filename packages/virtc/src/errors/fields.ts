import type { VirtError } from "virtcontainers";
import { isLibraryError } from "./library.ts";
import { UsageError } from "./usage.ts";

/** The option that a field of the library comes from, or whose part it is. */
const options: Readonly<Record<string, string>> = {
  id: "--name",
  hostname: "--hostname",
  lifetime: "--timeout",
  kernel: "--kernel",
  "hypervisorConfig.kernelPath": "--kernel",
  "hypervisorConfig.memoryMiB": "--memory",
  "hypervisorConfig.numVCPUs": "--cpus",
  "hypervisorConfig.hypervisorPath": "--hypervisor",
  "hypervisorConfig.hypervisorMachineType": "--machine",
  "hypervisorConfig.accelerator": "--accelerator",
  cpus: "--cpus",
  memoryMiB: "--memory",
  image: "the image",
  pull: "--pull",
  entrypoint: "--entrypoint",
  rootFs: "--rootfs",
  readonlyRootfs: "--read-only",
  bundle: "--bundle",
  scratchMiB: "--scratch",
  annotations: "--label",
  mounts: "--mount",
  privileged: "--privileged",
  seccomp: "--security-opt seccomp",
  sysctl: "--sysctl",
  "resources.cpu": "--cpus",
  "resources.cpu.shares": "--cpu-shares",
  "resources.cpu.quota": "--cpu-quota",
  "resources.cpu.period": "--cpu-period",
  "resources.cpu.cpus": "--cpuset-cpus",
  "resources.cpu.mems": "--cpuset-mems",
  "resources.memory": "--memory",
  "resources.memory.reservation": "--memory-reservation",
  "resources.memory.swap": "--memory-swap",
  "resources.pids": "--pids-limit",
  "healthCheck.intervalMs": "--health-interval",
  healthCheck: "--health-cmd",
  "cmd.args": "the command",
  "cmd.envs": "--env",
  "cmd.user": "--user",
  "cmd.supplementaryGroups": "--group-add",
  "cmd.workDir": "--workdir",
  "cmd.capabilities": "--cap-add",
  "cmd.rlimits": "--ulimit",
  "cmd.oomScoreAdj": "--oom-score-adj",
  "cmd.noNewPrivileges": "--no-new-privileges",
};

/** What was typed: the texts of options by their names, and the mounts in their order, as `--volume ./a:/b`. */
export interface Typed {
  texts?: Readonly<Record<string, string | undefined>>;
  mounts?: readonly string[];
}

/** An error of the library about a field, told in terms of the option that the field came from. */
export function inOptionNames(error: unknown, typed: Typed = {}): unknown {
  if (!isLibraryError(error, "INVALID_ARGUMENT", "NOT_SUPPORTED") || error.field === undefined) {
    return error;
  }
  const option = optionOf(error.field.replace(/^containers\.0\./, ""), typed);
  if (option === undefined || !error.message.startsWith(error.field)) return error;
  const rest = error.message.slice(error.field.length);
  const text = typed.texts?.[option];
  // The library counts in units of its own.
  const shown = text === undefined ? rest : rest.replace(/^: \d+ /, `: ${text} `);
  return new UsageError(`${option}${shown}`, error.hint);
}

function optionOf(field: string, { mounts = [] }: Typed): string | undefined {
  const [, index, part] = /^mounts\.(\d+)(?:\.(\w+))?/.exec(field) ?? [];
  const mount = index === undefined ? undefined : mounts[Number(index)];
  if (mount !== undefined) return part === undefined ? mount : `${mount}: ${part}`;
  const names = Object.keys(options).filter((name) => `${field}.`.startsWith(`${name}.`));
  const nearest = names.sort((a, b) => b.length - a.length)[0];
  return nearest === undefined ? undefined : options[nearest];
}

/** The library's names of what a command line names by its place. */
const places: Readonly<Record<string, string>> = {
  sandboxId: "the name",
  containerId: "the container's name",
  reference: "the image",
};

/** The message of an error of the library, without a field's name that no option has. */
export function inPlaceNames({ message, field = "" }: VirtError): string {
  const place = Object.hasOwn(places, field) ? places[field] : undefined;
  if (place === undefined || !message.startsWith(`${field}: `)) return message;
  return `${place}${message.slice(field.length)}`;
}
