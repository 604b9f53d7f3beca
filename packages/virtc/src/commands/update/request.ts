import type { LinuxResources } from "virtcontainers";
import { parseCpus } from "../../args/cpus.ts";
import { optional } from "../../args/optional.ts";
import { parseMiB } from "../../args/size.ts";
import { UsageError } from "../../errors/usage.ts";
import type { ResourceOptions } from "../../resources/options.ts";
import { checkCpus, parseResources } from "../../resources/request.ts";
import { checkSwap } from "../../resources/within-vm.ts";
import { memoryLimits } from "../../vm/request.ts";

/** What is to be changed of a VM, and of a container in it. */
export interface Update {
  cpus: number | undefined;
  memoryMiB: number | undefined;
  limits: LinuxResources | undefined;
  /** The texts of the options, for errors to show. */
  texts: Readonly<Record<string, string | undefined>>;
}

/** As in `run`, CPUs and memory are the VM's, and a fraction of a CPU is the container's limit. */
export function parseUpdate(given: ResourceOptions): Update {
  checkCpus(given);
  const { cpus: text, memory, memorySwap, ...options } = given;
  const cpus = optional(text, (cpus) => parseCpus("--cpus", cpus));
  const memoryMiB = optional(memory, (size) => parseMiB("--memory", size, ...memoryLimits));
  // The VM has no swap that the container could be kept from.
  checkSwap(memorySwap, (memoryMiB ?? 0) * 1024 ** 2);
  const fraction = cpus?.limit !== undefined && text !== undefined ? { cpus: text } : {};
  const limits = parseResources({ ...options, ...fraction });
  const wanted = { cpus: cpus?.numVCPUs, memoryMiB, limits };
  if (memorySwap === undefined) required(wanted, "virtc update");
  return { ...wanted, texts: { "--cpus": text, "--memory": memory } };
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
