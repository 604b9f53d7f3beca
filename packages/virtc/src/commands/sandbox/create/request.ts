import type { ContainerConfig, SandboxConfig } from "virtcontainers";
import { readConfig } from "../../../args/config-file.ts";
import { given } from "../../../args/given.ts";
import { parseName, randomName } from "../../../args/name.ts";
import { optional } from "../../../args/optional.ts";
import { checkCommand } from "../../../container/command.ts";
import { containerConfig } from "../../../container/config.ts";
import { detached } from "../../../container/layers.ts";
import { type ContainerRequest, parseContainer } from "../../../container/request.ts";
import type { Context } from "../../../context.ts";
import { badValue, UsageError } from "../../../errors/usage.ts";
import { type NetworkRequest, parseNetwork } from "../../../network/request.ts";
import { hypervisorConfig } from "../../../vm/config.ts";
import { parseLifetime } from "../../../vm/lifetime.ts";
import { parseVm, type VmRequest } from "../../../vm/request.ts";
import type { SandboxOptions } from "./options.ts";

/** The container that the options describe. */
export const mainId = "main";

/** A sandbox to be made, and what has to be fetched for it. */
export interface SandboxRequest {
  config: SandboxConfig;
  vm: VmRequest;
  container: ContainerRequest;
  network: NetworkRequest;
}

/** Checks the options of `sandbox create`; they go before what the file says. */
export async function parseSandbox(
  command: readonly string[],
  options: SandboxOptions,
  context: Context,
): Promise<SandboxRequest> {
  const file = await optional(options.config, (path) => readSandboxConfig(path, context));
  checkCommand(command, options, undefined);
  const network = parseSandboxNetwork(options, file, context);
  const vm = await parseVm(options, context.cwd);
  const container = await parseContainer({ image: options.image, command }, options, context);
  const main = mainContainer(container, vm, options);
  const lifetime = parseLifetime(options) ?? file?.lifetime;
  const id = optional(options.id, (text) => parseName("--id", text)) ?? file?.id ?? randomName();
  const config = {
    ...file,
    id,
    ...given({ hostname: options.hostname, lifetime }),
    hypervisorConfig: { ...file?.hypervisorConfig, ...given(hypervisorConfig(vm)) },
    annotations: { ...file?.annotations, ...container.annotations },
    containers: [...(file?.containers ?? []).map(detached), ...main],
    // A limit is within the CPUs that were asked for; it asks for no further ones.
    ...(vm.cpus?.limit && { staticResourceMgmt: true }),
  };
  return { config, vm, container, network };
}

/** The container of --image or --rootfs, if there is one. */
function mainContainer(
  request: ContainerRequest,
  { cpus }: VmRequest,
  { waits, cpus: text = "" }: SandboxOptions,
): ContainerConfig[] {
  const limit = cpus?.limit;
  if (request.image !== undefined || request.rootfs !== undefined) {
    const config = containerConfig(mainId, request, { detach: true });
    return [{ ...config, waits, resources: limit && { cpu: limit } }];
  }
  if (request.command.length > 0 || waits) {
    throw new UsageError(
      `there is no container for ${waits ? "--waits" : "the command"}`,
      "Name its image with --image, or its folder with --rootfs.",
    );
  }
  if (limit !== undefined) {
    throw badValue("--cpus", text, "it must be a whole number for a VM without a container");
  }
  return [];
}

/** A sandbox's configuration in a file, checked as the library checks it. */
async function readSandboxConfig(path: string, context: Context): Promise<SandboxConfig> {
  const input = await readConfig(path, context);
  const { SandboxConfig, parse } = await import("virtcontainers/config");
  return parse(SandboxConfig, input);
}

/** What a file says goes before VIRTC_NETWORK and the default, and after the options. */
function parseSandboxNetwork(
  options: SandboxOptions,
  file: SandboxConfig | undefined,
  { env }: Context,
): NetworkRequest {
  const inFile = file !== undefined && ("network" in file || "networkConfig" in file);
  const network = parseNetwork(options, inFile ? {} : env);
  if (inFile && network.choice?.kind === "default") return { ...network, choice: undefined };
  if (network.choice?.kind !== "container") return network;
  throw new UsageError(
    `--network container:${network.choice.id} is for a container, and this is a VM`,
    `Make a container there: \`virtc container create ${network.choice.id}\`.`,
  );
}
