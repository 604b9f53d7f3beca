import * as v from "valibot";
import { Annotations, ContainerConfig } from "../container/config.ts";
import { HypervisorConfig } from "../hypervisor/schema.ts";
import { id, later, text } from "../validate.ts";

/** What concerns the guest agent. */
export const KataAgentConfig = v.strictObject({
  /** The agent logs what it does on the guest's console. */
  debug: v.optional(v.boolean("it must be true or false")),
  longLiveConn: later("the connection lives as long as the Sandbox object"),
  useVSock: later("vsock"),
  trace: later("tracing in the guest"),
  traceMode: later("tracing in the guest"),
  traceType: later("tracing in the guest"),
  containerPipeSize: later("pipe sizes"),
  kernelModules: later("kernel modules"),
});
export type KataAgentConfig = v.InferInput<typeof KataAgentConfig>;

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
    hypervisorType: v.optional(v.picklist(["qemu", "mock"], "it must be qemu or mock")),
    hypervisorConfig: v.optional(HypervisorConfig),
    agentType: v.optional(v.picklist(["kata"], "it must be kata")),
    agentConfig: v.optional(KataAgentConfig),
    containers: v.optional(
      v.pipe(v.array(ContainerConfig), v.maxLength(256, "there can be at most 256 containers")),
    ),
    annotations: v.optional(Annotations),
    /** The VM powers off by itself when the first command of this container ends. */
    exitWith: v.optional(id),
    proxyType: later("proxies"),
    proxyConfig: later("proxies"),
    shimType: later("shims"),
    shimConfig: later("shims"),
    networkConfig: later("networking"),
    volumes: later("volumes"),
    shmSize: later("the size of /dev/shm"),
    sharePidNs: later("a shared pid namespace"),
    stateful: later("state is always kept on disk"),
    systemdCgroup: later("host cgroups"),
    sandboxCgroupOnly: later("host cgroups"),
    cgroups: later("host cgroups"),
    enableAgentPidNs: later("a shared pid namespace"),
    /** No container gets a filter of system calls, whatever it asks for. */
    disableGuestSeccomp: v.optional(v.boolean("it must be true or false")),
    experimental: later("experimental features"),
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
);
export type SandboxConfig = v.InferInput<typeof SandboxConfig>;
