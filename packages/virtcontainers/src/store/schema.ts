import * as v from "valibot";
import { ContainerConfigSchema } from "../config/container.ts";
import { ImageRunConfigSchema } from "../config/image.ts";
import { SandboxConfigSchema } from "../config/sandbox.ts";
import { StateSchema } from "../config/state.ts";
import { ProcessIdentitySchema } from "../host/process-identity.ts";
import { UserIdsSchema } from "../host/user-ids.ts";
import { ContainerHealthSchema, StoredHealthCheckSchema } from "./health.ts";
import { logCarriers } from "./log-carrier.ts";
import { StoredNetwork } from "./network/stored.ts";
import { VmSizeSchema } from "./vm-size.ts";
import { VmStateSchema } from "./vm-state.ts";

const strings = v.array(v.string());

/** What is brought into the guest under `name`, in the container's folder. */
const named = { name: v.string(), path: v.string(), folder: v.boolean() };

/** How a mount of a container reaches the guest. */
const StoredMount = v.variant("kind", [
  /** The guest makes it. */
  v.object({ kind: v.literal("guest") }),
  /** Bound into the shared file system under `name`, in the container's folder. */
  v.object({
    kind: v.literal("share"),
    ...named,
    readonly: v.boolean(),
    recursive: v.boolean(),
    watchable: v.boolean(),
    volume: v.optional(v.string()),
  }),
  /** Copied into the guest under `name`, in the container's folder. */
  v.object({
    kind: v.literal("copy"),
    ...named,
    watchable: v.optional(v.boolean(), false),
  }),
  /** The disk of a volume. */
  v.object({ kind: v.literal("drive"), volume: v.string(), driveId: v.string() }),
]);
export type StoredMount = v.InferOutput<typeof StoredMount>;

/** A container as it is kept on disk. */
export const StoredContainer = v.object({
  id: v.string(),
  state: StateSchema,
  config: ContainerConfigSchema,
  /** Digest, file and the part of the configuration that matters, of the image it was made from. */
  image: v.optional(
    v.object({
      name: v.string(),
      digest: v.string(),
      path: v.string(),
      config: ImageRunConfigSchema,
    }),
  ),
  /** The disk of the host that its root is on: under a layer of its own, or written to itself. */
  disk: v.optional(
    v.object({
      path: v.string(),
      device: v.boolean(),
      type: v.string(),
      options: strings,
      layered: v.boolean(),
    }),
  ),
  /** The folder of the host that is its root, without links on the way. */
  rootFolder: v.optional(v.string()),
  /** The ids of its disks; `root` is one that is written to itself. */
  drives: v.object({
    lower: v.optional(v.string()),
    scratch: v.optional(v.string()),
    root: v.optional(v.string()),
  }),
  /** One for each of `config.mounts`. */
  mounts: v.optional(v.array(StoredMount), []),
  argv: strings,
  /** As the guest is told at each create. */
  healthCheck: v.optional(StoredHealthCheckSchema),
  /** What it told last. */
  health: v.optional(ContainerHealthSchema),
  pid: v.number(),
  createdAt: v.string(),
  startTime: v.string(),
  exitCode: v.optional(v.number()),
  exitedAt: v.optional(v.string()),
  /** Its first hooks have been run, so those of its end have to be. */
  owesPoststop: v.optional(v.boolean()),
});
export type StoredContainer = v.InferOutput<typeof StoredContainer>;

/** Of the form of what is kept. */
export const stateVersion = 1;

/** A sandbox as it is kept on disk; any process can go on with it. */
export const StoredSandbox = v.object({
  version: v.literal(stateVersion),
  id: v.string(),
  /** How often it was written: whoever writes must have read what was written last. */
  generation: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  state: StateSchema,
  /** It holds nothing any more, and is told to be deleted; only its folder is left. */
  deleting: v.optional(v.literal(true)),
  /** The boot of the host in which the VM runs; after another boot nothing of it is left. */
  bootId: v.string(),
  createdAt: v.string(),
  hostname: v.string(),
  config: SandboxConfigSchema,
  /** Secret that connections to the agent's ports begin with; hex. */
  token: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  user: v.optional(UserIdsSchema),
  /** A file system is shared with the host. */
  shared: v.boolean(),
  /** Ports through which host processes reach the agent. */
  ports: v.number(),
  nextDrive: v.number(),
  vm: v.optional(VmStateSchema),
  /** The process that serves what it shares, if there has to be one, for as long as it has a VM. */
  shareDaemon: v.optional(ProcessIdentitySchema),
  /** The hypervisor's configuration, every default filled in, that its VM was started with. */
  resolved: v.optional(v.record(v.string(), v.unknown())),
  /** By what the log of its VM reaches the host; none: serial-file. */
  logCarrier: v.optional(v.picklist(logCarriers)),
  /** What the VM was last brought to. */
  size: v.optional(VmSizeSchema),
  /** What it has for itself beside its containers' limits, once it was resized; else as in the configuration. */
  baseSize: v.optional(VmSizeSchema),
  /** When its VM ends by itself; `leftMs` stands for it while the VM is paused. */
  ends: v.optional(
    v.union([v.object({ at: v.string() }), v.object({ leftMs: v.pipe(v.number(), v.integer()) })]),
  ),
  /** Its cgroup on the host, and that of the VMM's own work if it is another. */
  cgroup: v.optional(v.object({ path: v.string(), overhead: v.optional(v.string()) })),
  /** What the agent of this guest can do beyond the common contract. */
  agentFeatures: strings,
  containers: v.array(StoredContainer),
  network: v.optional(StoredNetwork),
});
export type StoredSandbox = v.InferOutput<typeof StoredSandbox>;
