import type { ContainerConfig } from "../config/container.ts";
import type { HypervisorConfig } from "../config/hypervisor.ts";
import type { Mount } from "../config/mount.ts";
import type { LinuxResources } from "../config/resources.ts";
import type { SandboxConfig } from "../config/sandbox.ts";
import { type SandboxOptions, SandboxOptionsSchema } from "../config/sandbox-options.ts";
import { changedCapabilities } from "../container/spec/capability-changes.ts";
import { invalidArgument } from "../errors.ts";
import { noNetwork } from "../network/default.ts";
import { defaultNetwork } from "../network/definitions/create.ts";
import { parse } from "../validate.ts";

const mainId = "main";

/** The configuration that the short form stands for; `byDefault` is the network of who names none. INVALID_ARGUMENT. */
export function configFromOptions(options: SandboxOptions, byDefault: string): SandboxConfig {
  const o: SandboxOptions = parse(SandboxOptionsSchema, options, "options");
  const annotations = { ...o.annotations, ...o.labels };
  return given<SandboxConfig>({
    id: o.id,
    hostname: o.hostname,
    hypervisorConfig: vmOf(o),
    ...networkOf(o, byDefault),
    annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
    shmSize: o.shmSize,
    lifetime: o.lifetime,
    // The size of the VM is what was said of it.
    staticResourceMgmt: resourcesOf(o) && true,
    containers: [mainOf(o), ...othersOf(o)],
  });
}

function mainOf(o: SandboxOptions): ContainerConfig {
  if (o.image !== undefined && o.rootfs !== undefined)
    throw invalidArgument("options.rootfs", o.rootfs, "it can't be used with image: leave out one");
  return given<ContainerConfig>({
    id: mainId,
    ...(o.rootfs === undefined
      ? { image: o.image ?? "busybox" }
      : { rootFs: { target: o.rootfs, mounted: true } }),
    pull: o.pull,
    readonlyRootfs: o.readonlyRootfs,
    scratchMiB: o.scratchMiB,
    mounts: mountsOf(o),
    resources: resourcesOf(o),
    privileged: o.privileged,
    seccomp: o.seccomp,
    sysctl: o.sysctl,
    waits: true,
    cmd: given({
      args: [],
      envs: Object.entries(o.env ?? {}).map(([name, value]) => ({ var: name, value })),
      workDir: o.workDir,
      user: o.user,
      capabilities: changedCapabilities(o.capabilities ?? {}, o.privileged ?? false),
      rlimits: o.rlimits,
    }),
  });
}

function othersOf({ containers = [] }: SandboxOptions): readonly ContainerConfig[] {
  const taken = containers.findIndex(({ id }) => id === mainId);
  if (taken < 0) return containers;
  const allowed = "main is the container that waits for commands: give this one another id";
  throw invalidArgument(`options.containers.${taken}.id`, mainId, allowed);
}

function mountsOf({ mounts = [], volumes = {} }: SandboxOptions): Mount[] | undefined {
  const ofVolumes = Object.entries(volumes).map(
    ([destination, source]): Mount => ({ type: "volume", source, destination }),
  );
  const all = [...mounts, ...ofVolumes];
  return all.length > 0 ? all : undefined;
}

function resourcesOf({ pids, resources }: SandboxOptions): LinuxResources | undefined {
  if (pids === undefined) return resources;
  if (resources?.pids === undefined) return { ...resources, pids: { limit: pids } };
  throw invalidArgument("options.pids", pids, "resources.pids says it too: leave out one");
}

function vmOf({ cpus, memoryMiB, kernel, hypervisorConfig }: SandboxOptions): HypervisorConfig {
  const named = { numVCPUs: cpus, memoryMiB, kernelPath: kernel };
  const short = { numVCPUs: "cpus", memoryMiB: "memoryMiB", kernelPath: "kernel" } as const;
  for (const name of ["numVCPUs", "memoryMiB", "kernelPath"] as const) {
    if (named[name] === undefined || hypervisorConfig?.[name] === undefined) continue;
    const allowed = `hypervisorConfig.${name} says it too: leave out one`;
    throw invalidArgument(`options.${short[name]}`, named[name], allowed);
  }
  return { ...hypervisorConfig, ...given<HypervisorConfig>(named) };
}

/** Who asks for a port asks for a network. */
function networkOf(
  { network, ports }: SandboxOptions,
  byDefault: string,
): Pick<SandboxConfig, "network" | "ports"> {
  const chosen =
    network ?? (ports !== undefined && byDefault === noNetwork ? defaultNetwork : byDefault);
  if (chosen === noNetwork) {
    if (ports === undefined || ports.length === 0) return {};
    throw invalidArgument("options.ports", ports, "there is no network: leave out network: none");
  }
  return {
    network: typeof chosen === "string" ? { networks: [{ name: chosen }] } : chosen,
    ...(ports !== undefined && { ports }),
  };
}

/** Without the fields that were left out. */
function given<T extends object>(fields: T): T {
  for (const name of Object.keys(fields) as (keyof T)[])
    if (fields[name] === undefined) delete fields[name];
  return fields;
}
