import * as v from "valibot";
import { absolutePath, id, integer, later, text } from "../validate.ts";
import { type KataAgentConfig, KataAgentConfigSchema } from "./agent.ts";
import { type Cgroups, CgroupsSchema } from "./cgroups.ts";
import { AnnotationsSchema, type ContainerConfig, ContainerConfigSchema } from "./container.ts";
import { type HypervisorConfig, HypervisorConfigSchema } from "./hypervisor.ts";
import { type Lifetime, LifetimeSchema } from "./lifetime.ts";
import { volumeName } from "./mount.ts";
import { type NetworkConfig, NetworkConfigSchema } from "./network/low-level.ts";
import { type SandboxNetwork, SandboxNetworkSchema } from "./network/network.ts";
import { type PortMapping, PortMappingsSchema } from "./network/port.ts";

/** A folder of the host that a sandbox's containers share. */
export interface Volume {
  /** The name by which containers mount it: 2 to 64 characters of [a-zA-Z0-9_.-]. */
  mountTag: string;
  /** The folder: an absolute path. */
  hostPath: string;
  /** The host sees to it that nothing is written to it. Default false. */
  readOnly?: boolean | undefined;
}

export const VolumeSchema = v.strictObject({
  mountTag: volumeName,
  hostPath: absolutePath(),
  readOnly: v.optional(v.boolean("it must be true or false")),
});

/** The host name of a guest. */
export const hostname = v.pipe(
  text(64),
  v.regex(
    /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/,
    "it must be a host name of letters, digits, dots and dashes",
  ),
);

/** One sandbox: a VM and the containers in it. */
export interface SandboxConfig {
  /** 2 to 64 characters of [a-zA-Z0-9_.-]; default: 12 random hex digits. */
  id?: string | undefined;
  /** The guest's host name, at most 64 characters; default: the id. */
  hostname?: string | undefined;
  /** The driver of the VM; which there are is the instance's to know. Default `qemu`. */
  hypervisorType?: string | undefined;
  /** The VM and how it is run. */
  hypervisorConfig?: HypervisorConfig | undefined;
  /** `noop`: nobody in the guest is asked, and every command ends at once; for tests. Default `kata`. */
  agentType?: "kata" | "noop" | undefined;
  /** What concerns the guest agent. */
  agentConfig?: KataAgentConfig | undefined;
  /** At most 256. */
  containers?: ContainerConfig[] | undefined;
  /** Texts that are kept with it, by their names. */
  annotations?: Record<string, string> | undefined;
  /** The VM powers off by itself when the first command of this container ends. */
  exitWith?: string | undefined;
  /** When it ends by itself; NOT_SUPPORTED by an agent that can't end its machine. Default: it does not. */
  lifetime?: Lifetime | undefined;
  /** How large the log, and each other file that the guest fills, may become; default 256 MiB. */
  logLimitMiB?: number | undefined;
  /** Folders that its containers may mount by their tag, with the type `volume`. */
  volumes?: Volume[] | undefined;
  /** Bytes, from 4096; all containers then have one /dev/shm together. Default: each its own of 64 MiB. */
  shmSize?: number | undefined;
  /** All containers are in one pid namespace: they see and may signal each other's processes. Default false. */
  sharePidNs?: boolean | undefined;
  /** State is always kept on disk. */
  stateful?: true | undefined;
  /** The form of cgroups.path is slice:prefix:name. Default false. */
  systemdCgroup?: boolean | undefined;
  /** true: the whole VMM is in the sandbox's cgroup on the host; false: only its vCPUs. Either asks for one. */
  sandboxCgroupOnly?: boolean | undefined;
  /** The sandbox's cgroup on the host, with limits of the VM's size; none is made unless it is asked for. */
  cgroups?: Cgroups | undefined;
  /** The VM has the size of hypervisorConfig; limits of containers add nothing to it. Default false. */
  staticResourceMgmt?: boolean | undefined;
  /** All containers are in the pid namespace of the agent: they see every process of the guest. For debugging. */
  enableAgentPidNs?: boolean | undefined;
  /** Containers without a filter of their own have none. Default false. */
  disableGuestSeccomp?: boolean | undefined;
  /** The namespace that its guest is connected to, where somebody else fills it. Default: no namespace. */
  networkConfig?: NetworkConfig | undefined;
  /** The networks that it is connected to, and what its containers know of them. Default: none, unlike that of Sandbox.create. */
  network?: SandboxNetwork | undefined;
  /** Ports of the host that lead to it; they need a network. At most 1024. */
  ports?: PortMapping[] | undefined;
  /** Must be empty: this release has no experimental features. */
  experimental?: string[] | undefined;
}

export const SandboxConfigSchema = v.pipe(
  v.strictObject({
    id: v.optional(id),
    hostname: v.optional(hostname),
    hypervisorType: v.optional(text(64)),
    hypervisorConfig: v.optional(HypervisorConfigSchema),
    agentType: v.optional(v.picklist(["kata", "noop"], "it must be kata or noop")),
    agentConfig: v.optional(KataAgentConfigSchema),
    containers: v.optional(
      v.pipe(
        v.array(ContainerConfigSchema),
        v.maxLength(256, "there can be at most 256 containers"),
      ),
    ),
    annotations: v.optional(AnnotationsSchema),
    exitWith: v.optional(id),
    lifetime: v.optional(LifetimeSchema),
    logLimitMiB: v.optional(integer(1, 1_048_576, "MiB")),
    proxyType: later("proxies"),
    proxyConfig: later("proxies"),
    shimType: later("shims"),
    shimConfig: later("shims"),
    networkConfig: v.optional(NetworkConfigSchema),
    network: v.optional(SandboxNetworkSchema),
    ports: v.optional(PortMappingsSchema),
    volumes: v.optional(
      v.pipe(
        v.array(VolumeSchema),
        v.check(
          (all) => new Set(all.map(({ mountTag }) => mountTag)).size === all.length,
          "the tags of the volumes must differ",
        ),
      ),
    ),
    shmSize: v.optional(integer(4096, 2 ** 44, "bytes")),
    sharePidNs: v.optional(v.boolean("it must be true or false")),
    stateful: v.optional(v.literal(true, "it must be true: state is always kept on disk")),
    systemdCgroup: v.optional(v.boolean("it must be true or false")),
    sandboxCgroupOnly: v.optional(v.boolean("it must be true or false")),
    cgroups: v.optional(CgroupsSchema),
    staticResourceMgmt: v.optional(v.boolean("it must be true or false")),
    enableAgentPidNs: v.optional(v.boolean("it must be true or false")),
    disableGuestSeccomp: v.optional(v.boolean("it must be true or false")),
    experimental: v.optional(
      v.pipe(v.array(text(64)), v.maxLength(0, "this release has no experimental features")),
    ),
  }),
  v.check(
    (config) =>
      new Set(config.containers?.map((c) => c.id)).size === (config.containers?.length ?? 0),
    "the ids of the containers must differ",
  ),
  v.check(
    (config) =>
      config.exitWith === undefined ||
      (config.containers ?? []).some((c) => c.id === config.exitWith),
    "exitWith must name one of the containers",
  ),
  v.forward(
    v.check(
      ({ sharePidNs, enableAgentPidNs }) => !(sharePidNs && enableAgentPidNs),
      "sharePidNs and enableAgentPidNs exclude each other",
    ),
    ["enableAgentPidNs"],
  ),
  v.forward(
    v.check(
      ({ networkConfig, network }) => !(isFilledByOthers(networkConfig) && network?.networks),
      "a namespace that somebody else fills (networkConfig) has the networks that it has",
    ),
    ["network"],
  ),
  v.forward(
    v.check(
      ({ networkConfig, network }) => !(networkConfig?.disableNewNetNs && network),
      "networkConfig.disableNewNetNs and network exclude each other",
    ),
    ["network"],
  ),
  v.forward(
    v.check(
      ({ networkConfig, network, ports = [] }) =>
        ports.length === 0 || (network !== undefined && !isFilledByOthers(networkConfig)),
      "ports need a network, such as network: {} for the bridge of this host",
    ),
    ["ports"],
  ),
  v.check(
    ({ hypervisorConfig, agentConfig }) =>
      (hypervisorConfig?.useVSock ?? agentConfig?.useVSock) ===
      (agentConfig?.useVSock ?? hypervisorConfig?.useVSock),
    "hypervisorConfig.useVSock and agentConfig.useVSock must not differ",
  ),
);

function isFilledByOthers(config: NetworkConfig | undefined): boolean {
  return config?.netNSPath !== undefined || config?.danConfigPath !== undefined;
}

/** What is to run has to be said, or that nothing is. */
export const RunSandboxConfigSchema = v.pipe(
  SandboxConfigSchema,
  v.forward(
    v.check(
      ({ containers }) => containers !== undefined,
      'there is nothing to run: give containers, such as [{ id: "main", image: "busybox", waits: true }], ' +
        "or [] for a sandbox to which they are added later",
    ),
    ["containers"],
  ),
);
