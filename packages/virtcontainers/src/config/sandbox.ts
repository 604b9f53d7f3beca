import * as v from "valibot";
import { absolutePath, id, integer, later, text } from "../validate.ts";
import { KataAgentConfig } from "./agent.ts";
import { Cgroups } from "./cgroups.ts";
import { Annotations, ContainerConfig } from "./container.ts";
import { HypervisorConfig } from "./hypervisor.ts";
import { volumeName } from "./mount.ts";

/** A folder of the host that a sandbox's containers share. */
export const Volume = v.strictObject({
  mountTag: volumeName,
  hostPath: absolutePath(),
  readOnly: v.optional(v.boolean("it must be true or false")),
});
export type Volume = v.InferInput<typeof Volume>;

/** One sandbox: a VM and the containers in it. */
export const SandboxConfig = v.pipe(
  v.strictObject({
    /** Default: 12 random hex digits. */
    id: v.optional(id),
    /** The guest's host name; default: the id. At most 64 characters are used. */
    hostname: v.optional(
      v.pipe(
        text(64),
        v.regex(
          /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/,
          "it must be a host name of letters, digits, dots and dashes",
        ),
      ),
    ),
    /** The driver of the VM; which there are is the instance's to know. */
    hypervisorType: v.optional(text(64)),
    hypervisorConfig: v.optional(HypervisorConfig),
    /** `noop`: nobody in the guest is asked, and every command ends at once; for tests. */
    agentType: v.optional(v.picklist(["kata", "noop"], "it must be kata or noop")),
    agentConfig: v.optional(KataAgentConfig),
    containers: v.optional(
      v.pipe(v.array(ContainerConfig), v.maxLength(256, "there can be at most 256 containers")),
    ),
    annotations: v.optional(Annotations),
    /** The VM powers off by itself when the first command of this container ends. */
    exitWith: v.optional(id),
    /** How large the log, and each other file that the guest fills, may become; default 256 MiB. */
    logLimitMiB: v.optional(integer(1, 1_048_576, "MiB")),
    proxyType: later("proxies"),
    proxyConfig: later("proxies"),
    shimType: later("shims"),
    shimConfig: later("shims"),
    networkConfig: later("networking"),
    /** Folders that its containers may mount by their tag, with the type `volume`. */
    volumes: v.optional(
      v.pipe(
        v.array(Volume),
        v.check(
          (all) => new Set(all.map(({ mountTag }) => mountTag)).size === all.length,
          "the tags of the volumes must differ",
        ),
      ),
    ),
    /** Bytes; all containers then have one /dev/shm together. Default: each its own of 64 MiB. */
    shmSize: v.optional(integer(4096, 2 ** 44, "bytes")),
    /** All containers are in one pid namespace: they see and may signal each other's processes. */
    sharePidNs: v.optional(v.boolean("it must be true or false")),
    /** State is always kept on disk. */
    stateful: v.optional(v.literal(true, "it must be true: state is always kept on disk")),
    /** The form of cgroups.path is slice:prefix:name. */
    systemdCgroup: v.optional(v.boolean("it must be true or false")),
    /** true: the whole VMM is in the sandbox's cgroup on the host; false: only its vCPUs. Either asks for one. */
    sandboxCgroupOnly: v.optional(v.boolean("it must be true or false")),
    /** The sandbox's cgroup on the host, with limits of the VM's size; none is made unless it is asked for. */
    cgroups: v.optional(Cgroups),
    /** The VM has the size of hypervisorConfig; limits of containers add nothing to it. */
    staticResourceMgmt: v.optional(v.boolean("it must be true or false")),
    /** All containers are in the pid namespace of the agent: they see every process of the guest. For debugging. */
    enableAgentPidNs: v.optional(v.boolean("it must be true or false")),
    /** No container gets a filter of system calls, whatever it asks for. */
    disableGuestSeccomp: v.optional(v.boolean("it must be true or false")),
    /** Names of features; this release has none. */
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
  v.check(
    ({ hypervisorConfig, agentConfig }) =>
      (hypervisorConfig?.useVSock ?? agentConfig?.useVSock) ===
      (agentConfig?.useVSock ?? hypervisorConfig?.useVSock),
    "hypervisorConfig.useVSock and agentConfig.useVSock must not differ",
  ),
);
export type SandboxConfig = v.InferInput<typeof SandboxConfig>;

/** What is to run has to be said, or that nothing is. */
export const RunSandboxConfig = v.pipe(
  SandboxConfig,
  v.forward(
    v.check(
      ({ containers }) => containers !== undefined,
      'there is nothing to run: give containers, such as [{ id: "main", image: "busybox", waits: true }], ' +
        "or [] for a sandbox to which they are added later",
    ),
    ["containers"],
  ),
);
