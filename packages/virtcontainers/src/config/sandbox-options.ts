import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { absolutePath, argument, flag, id, integer, text, texts } from "../validate.ts";
import { callFields } from "./call.ts";
import { AnnotationsSchema, type ContainerConfig, ContainerConfigSchema } from "./container.ts";
import { type HypervisorConfig, HypervisorConfigSchema } from "./hypervisor.ts";
import { type Lifetime, LifetimeSchema } from "./lifetime.ts";
import { type Mount, MountSchema, volumeName } from "./mount.ts";
import { networkName } from "./network/names.ts";
import { type SandboxNetwork, SandboxNetworkSchema } from "./network/network.ts";
import { type PortMapping, PortMappingsSchema } from "./network/port.ts";
import { type Seccomp, SeccompSchema } from "./oci/seccomp.ts";
import { type LinuxResources, LinuxResourcesSchema } from "./resources.ts";
import { type CapabilityChanges, CapabilityChangesSchema } from "./rights.ts";
import { type Rlimits, RlimitsSchema } from "./rlimits.ts";
import { hostname } from "./sandbox.ts";
import { type Sysctl, SysctlSchema } from "./sysctl.ts";

/** Options of Sandbox.create: those of the sandbox, and those of its container `main`. */
export interface SandboxOptions extends CallOptions {
  /** 2 to 64 characters of [a-zA-Z0-9_.-]; default: 12 random hex digits. */
  id?: string | undefined;
  /** Name or digest of an image, pulled if it is not in the store; default: `busybox`. */
  image?: string | undefined;
  /** A folder of the host as the root file system, instead of an image: one of both. */
  rootfs?: string | undefined;
  /** vCPUs, 1 to 240; default 1. */
  cpus?: number | undefined;
  /** 64 MiB or more; default 256. */
  memoryMiB?: number | undefined;
  /** Size of a disk for what is written, from 16, instead of the guest's memory. */
  scratchMiB?: number | undefined;
  /** Added to the environment that the image gives. */
  env?: Readonly<Record<string, string>> | undefined;
  /** Where commands begin: an absolute path; default: the image's. */
  workDir?: string | undefined;
  /** Name or number, optionally `:group`; default: the image's. */
  user?: string | undefined;
  /** A network's name, `none`, or all that there is to say; default: VIRTC_NETWORK, else `bridge`, but none for a user who can't have one. */
  network?: string | SandboxNetwork | undefined;
  /** Ports of the host that lead to the sandbox. */
  ports?: PortMapping[] | undefined;
  /** Texts that are kept with the sandbox, by their names; Sandbox.list finds it by them. */
  labels?: Readonly<Record<string, string>> | undefined;
  /** The same as labels, under their other name; where both have a name, that of labels holds. */
  annotations?: Readonly<Record<string, string>> | undefined;
  /** The guest's host name, at most 64 characters; default: the id. */
  hostname?: string | undefined;
  /** When the image is pulled; default `missing`: when it is not in the store. */
  pull?: "missing" | "always" | "never" | undefined;
  /** What `main` sees beside its root: folders of the host, volumes, memory; at most 128 with `volumes`. */
  mounts?: readonly Mount[] | undefined;
  /** Named volumes by where `main` sees them, such as `{ "/data": "cache" }`; they have to be there. */
  volumes?: Readonly<Record<string, string>> | undefined;
  /** Nothing is written to the root of `main`. Default false. */
  readonlyRootfs?: boolean | undefined;
  /** Most processes and threads of `main`; default: no limit. */
  pids?: number | undefined;
  /** Limits of `main` within the VM, whose size is `cpus` and `memoryMiB` then, whatever containers may use. */
  resources?: LinuxResources | undefined;
  /** What is added to the rights of `main`, and taken from them. */
  capabilities?: CapabilityChanges | undefined;
  /** All rights in the guest for `main`, and none on the host. Default false. */
  privileged?: boolean | undefined;
  /** Which system calls `main` may make: `default` (as in docker), `unconfined`, or a filter. */
  seccomp?: "default" | "unconfined" | Seccomp | undefined;
  /** Kernel parameters of the namespaces of `main`, such as `net.core.somaxconn`. */
  sysctl?: Sysctl | undefined;
  /** Limits of each process of `main`. */
  rlimits?: Rlimits | undefined;
  /** Bytes of a /dev/shm that all containers have together, from 4096. Default: each its own of 64 MiB. */
  shmSize?: number | undefined;
  /** When it ends by itself, such as `{ timeoutMs: 600_000 }`; `timeoutMs` beside it is the deadline of the create. */
  lifetime?: Lifetime | undefined;
  /** Further containers, which are started after `main`; at most 255. */
  containers?: readonly ContainerConfig[] | undefined;
  /** A kernel for the guest: an absolute path; default: that of the guest's files. */
  kernel?: string | undefined;
  /** All else that there is to say of the VM; `cpus`, `memoryMiB` and `kernel` have their own names above. */
  hypervisorConfig?: HypervisorConfig | undefined;
}

const volumePlace = v.pipe(
  absolutePath(),
  v.check((path) => /[^/]/.test(path), "it must not be /"),
);

export const SandboxOptionsSchema = v.strictObject({
  id: v.optional(id),
  image: v.optional(text(512)),
  rootfs: v.optional(absolutePath()),
  cpus: v.optional(integer(1, 240, "vCPUs")),
  memoryMiB: v.optional(integer(64, 4_194_304, "MiB")),
  scratchMiB: v.optional(integer(16, 16_777_216, "MiB")),
  env: v.optional(texts(text(4096), argument())),
  workDir: v.optional(absolutePath()),
  user: v.optional(text(256)),
  network: v.optional(
    v.lazy((input) => (typeof input === "string" ? networkName : SandboxNetworkSchema)),
  ),
  ports: v.optional(PortMappingsSchema),
  labels: v.optional(AnnotationsSchema),
  annotations: v.optional(AnnotationsSchema),
  hostname: v.optional(hostname),
  pull: v.optional(
    v.picklist(["missing", "always", "never"], "it must be missing, always or never"),
  ),
  mounts: v.optional(v.array(MountSchema)),
  volumes: v.optional(texts(volumePlace, volumeName)),
  readonlyRootfs: flag,
  pids: v.optional(integer(1, 4_194_304, "processes")),
  resources: v.optional(LinuxResourcesSchema),
  capabilities: v.optional(CapabilityChangesSchema),
  privileged: flag,
  seccomp: v.optional(v.union([v.picklist(["default", "unconfined"]), SeccompSchema])),
  sysctl: v.optional(SysctlSchema),
  rlimits: v.optional(RlimitsSchema),
  shmSize: v.optional(integer(4096, 2 ** 44, "bytes")),
  lifetime: v.optional(LifetimeSchema),
  containers: v.optional(
    v.pipe(v.array(ContainerConfigSchema), v.maxLength(255, "there can be at most 255 containers")),
  ),
  kernel: v.optional(absolutePath()),
  hypervisorConfig: v.optional(HypervisorConfigSchema),
  ...callFields,
});
