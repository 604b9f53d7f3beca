import { resolve } from "node:path";
import { type Cpus, parseCpus } from "../args/cpus.ts";
import { optional } from "../args/optional.ts";
import { parseMiB } from "../args/size.ts";
import { badValue } from "../errors/usage.ts";
import type { VmOptions } from "./options.ts";

/** The limits of the library's hypervisorConfig.memoryMiB. */
export const memoryLimits = [64, 4 * 1024 ** 2] as const;

/** A VM that is asked for, checked as far as the command line alone allows. */
export interface VmRequest {
  cpus: Cpus | undefined;
  memoryMiB: number | undefined;
  kernel: "tuned" | "debian" | undefined;
  kernelPath: string | undefined;
  hypervisorPath: string | undefined;
  options: VmOptions;
}

/** Checks the options of a VM. */
export async function parseVm(options: VmOptions, cwd: string): Promise<VmRequest> {
  return {
    cpus: optional(options.cpus, (text) => parseCpus("--cpus", text)),
    memoryMiB: optional(options.memory, (text) => parseMiB("--memory", text, ...memoryLimits)),
    ...parseKernel(options.kernel, cwd),
    hypervisorPath: await optional(options.hypervisor, (text) => parseHypervisor(text, cwd)),
    options,
  };
}

function parseKernel(
  text: string | undefined,
  cwd: string,
): Pick<VmRequest, "kernel" | "kernelPath"> {
  if (text === undefined) return { kernel: undefined, kernelPath: undefined };
  if (text === "tuned" || text === "debian") return { kernel: text, kernelPath: undefined };
  if (text.includes("/")) return { kernel: undefined, kernelPath: resolve(cwd, text) };
  throw badValue("--kernel", text, "it must be tuned, debian, or a path with a slash in it");
}

async function parseHypervisor(text: string, cwd: string): Promise<string | undefined> {
  const { defaultHypervisor } = await import("virtcontainers/config");
  if (text === defaultHypervisor) return undefined;
  if (text.includes("/")) return resolve(cwd, text);
  throw badValue(
    "--hypervisor",
    text,
    `it must be ${defaultHypervisor}, or the path of its binary with a slash in it`,
  );
}
