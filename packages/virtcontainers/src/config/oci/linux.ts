import * as v from "valibot";
import { absolutePath, honoured, later, text } from "../../validate.ts";
import { type Sysctl, SysctlSchema } from "../sysctl.ts";
import { type Resources, ResourcesSchema } from "./resources.ts";
import { type Seccomp, SeccompSchema } from "./seccomp.ts";

/** What crun makes in every container. */
const defaultDevices = [
  "/dev/null",
  "/dev/zero",
  "/dev/full",
  "/dev/random",
  "/dev/urandom",
  "/dev/tty",
  "/dev/ptmx",
  "/dev/console",
];

const namespaces = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"] as const;
const propagations = [
  "shared",
  "slave",
  "private",
  "unbindable",
  "rshared",
  "rslave",
  "rprivate",
  "runbindable",
] as const;

/** A namespace of a container. */
export interface OciNamespace {
  /** Which one. */
  type: (typeof namespaces)[number];
  /** Must be empty: a VM can't join a namespace of the host. */
  path?: string | undefined;
}

const Namespace = v.object({
  type: v.pipe(
    v.picklist(
      namespaces,
      "it must be a namespace: pid, network, mount, ipc, uts, user, cgroup or time",
    ),
    honoured((type) => type !== "user" && type !== "time", "user and time namespaces"),
  ),
  path: v.optional(
    v.pipe(
      text(),
      honoured((path) => path === "", "a namespace of the host, which a VM can't join"),
    ),
  ),
});

const Personality = v.pipe(
  v.object({ domain: v.string(), flags: v.optional(v.array(v.string())) }),
  honoured(
    ({ domain, flags }) => domain === "LINUX" && (flags ?? []).length === 0,
    "another personality than LINUX",
  ),
);

const noMappings = v.optional(
  v.pipe(
    v.array(v.unknown()),
    honoured((mappings) => mappings.length === 0, "user namespaces"),
  ),
);

/** A device of a container. */
export interface OciDevice {
  /** Its name in the container, an absolute path. */
  path: string;
}

/** How the kernel behaves towards a container. */
export interface OciPersonality {
  /** None but `LINUX`. */
  domain: string;
  /** Must be empty. */
  flags?: string[] | undefined;
}

/** `linux` of the OCI runtime specification. */
export interface OciLinux {
  /** Namespaces of the container; no user or time namespaces, and none of the host by `path`. */
  namespaces?: OciNamespace[] | undefined;
  /** Must be empty: there are no user namespaces. */
  uidMappings?: unknown[] | undefined;
  /** Must be empty: there are no user namespaces. */
  gidMappings?: unknown[] | undefined;
  /** None but those that every container has. */
  devices?: OciDevice[] | undefined;
  /** Not used: the guest chooses the path. */
  cgroupsPath?: string | undefined;
  /** Limits of the container. */
  resources?: Resources | undefined;
  /** Kernel parameters of the container's namespaces. */
  sysctl?: Sysctl | undefined;
  /** Which system calls it may make. */
  seccomp?: Seccomp | undefined;
  /** How mounts of its root propagate. */
  rootfsPropagation?: (typeof propagations)[number] | undefined;
  /** Paths that can't be read in it. */
  maskedPaths?: string[] | undefined;
  /** Paths that can't be written to in it. */
  readonlyPaths?: string[] | undefined;
  /** SELinux's context of its mounts. */
  mountLabel?: string | undefined;
  /** None but `LINUX`, without flags. */
  personality?: OciPersonality | undefined;
}

export const OciLinuxSchema = v.object({
  namespaces: v.optional(v.array(Namespace)),
  uidMappings: noMappings,
  gidMappings: noMappings,
  timeOffsets: later("time namespaces"),
  devices: v.optional(
    v.pipe(
      v.array(v.object({ path: absolutePath() })),
      honoured(
        (devices) => devices.every(({ path }) => defaultDevices.includes(path)),
        "devices of the host",
      ),
    ),
  ),
  netDevices: later("network devices of the host"),
  cgroupsPath: v.optional(text()),
  resources: v.optional(ResourcesSchema),
  intelRdt: later("cache allocation of the host's CPUs"),
  memoryPolicy: later("NUMA policies of the host's memory"),
  sysctl: v.optional(SysctlSchema),
  seccomp: v.optional(SeccompSchema),
  rootfsPropagation: v.optional(
    v.picklist(propagations, "it must be shared, slave, private or unbindable"),
  ),
  maskedPaths: v.optional(v.array(absolutePath())),
  readonlyPaths: v.optional(v.array(absolutePath())),
  mountLabel: v.optional(text()),
  personality: v.optional(Personality),
});
