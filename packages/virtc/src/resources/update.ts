import type { LinuxResources, SandboxStatus } from "virtcontainers";
import { parseCpus } from "../args/cpus.ts";
import { optional } from "../args/optional.ts";
import { parseMiB } from "../args/size.ts";
import { inOptionNames } from "../errors/fields.ts";
import { UsageError } from "../errors/usage.ts";
import type { Library } from "../library.ts";
import { pickContainer } from "../sandbox/container.ts";
import { memoryLimits } from "../vm/request.ts";
import type { ResourceOptions } from "./options.ts";
import { checkCpus, parseResources } from "./request.ts";

/** What is to be changed of a VM, and of a container in it. */
export interface Update {
  cpus: number | undefined;
  memoryMiB: number | undefined;
  limits: LinuxResources | undefined;
}

/** As in `run`, CPUs and memory are the VM's, and a fraction of a CPU is the container's limit. */
export function parseUpdate(given: ResourceOptions): Update {
  checkCpus(given);
  const { cpus: text, memory, ...options } = given;
  const cpus = optional(text, (cpus) => parseCpus("--cpus", cpus));
  const memoryMiB = optional(memory, (size) => parseMiB("--memory", size, ...memoryLimits));
  const fraction = cpus?.limit !== undefined && text !== undefined ? { cpus: text } : {};
  const limits = parseResources({ ...options, ...fraction });
  return required({ cpus: cpus?.numVCPUs, memoryMiB, limits }, "virtc update");
}

/** All of it limits the container. */
export function parseContainerUpdate(options: ResourceOptions): LinuxResources {
  const limits = parseResources(options);
  return required(limits, "virtc container update");
}

function required<T extends object>(wanted: T | undefined, command: string): T {
  if (wanted && Object.values(wanted).some((value) => value !== undefined)) return wanted;
  throw new UsageError("there is nothing to change", `Say what: see \`${command} --help\`.`);
}

/** Changes a running VM and its container. */
export async function update(
  library: Library,
  name: string,
  { cpus, memoryMiB, limits }: Update,
): Promise<void> {
  const status = await library.statusSandbox(name);
  const change = withoutQuota(status, cpus, limits);
  if (change !== undefined) {
    await library.updateContainer(name, containerOf(status), change);
  }
  // Last, since a change of the container's limits may change the VM's size too.
  if (cpus !== undefined || memoryMiB !== undefined) {
    await library.resizeSandbox(name, { cpus, memoryMiB }).catch((error: unknown) => {
      throw inOptionNames(error);
    });
  }
}

/** A whole number of CPUs is for the only container to use; an earlier limit of it must not stay. */
function withoutQuota(
  { containersStatus: [only, ...others] }: SandboxStatus,
  cpus: number | undefined,
  limits: LinuxResources | undefined,
): LinuxResources | undefined {
  if (cpus === undefined || limits?.cpu?.quota !== undefined) return limits;
  if (only?.state !== "running" || others.length > 0) return limits;
  return { ...limits, cpu: { ...limits?.cpu, quota: -1 } };
}

function containerOf({ id, containersStatus }: SandboxStatus): string {
  const ids = containersStatus.map((container) => container.id);
  return pickContainer(id, ids, undefined);
}
