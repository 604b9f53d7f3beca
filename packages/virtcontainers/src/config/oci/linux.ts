import * as v from "valibot";
import { absolutePath, honoured, later, text } from "../../validate.ts";
import { Sysctl } from "../sysctl.ts";
import { Resources } from "./resources.ts";
import { Seccomp } from "./seccomp.ts";

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

const Namespace = v.object({
  type: v.pipe(
    v.picklist(
      ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"],
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

/** `linux` of the OCI runtime specification. */
export const OciLinux = v.object({
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
  resources: v.optional(Resources),
  intelRdt: later("cache allocation of the host's CPUs"),
  memoryPolicy: later("NUMA policies of the host's memory"),
  sysctl: v.optional(Sysctl),
  seccomp: v.optional(Seccomp),
  rootfsPropagation: v.optional(
    v.picklist(
      ["shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable"],
      "it must be shared, slave, private or unbindable",
    ),
  ),
  maskedPaths: v.optional(v.array(absolutePath())),
  readonlyPaths: v.optional(v.array(absolutePath())),
  mountLabel: v.optional(text()),
  personality: v.optional(Personality),
});
export type OciLinux = v.InferInput<typeof OciLinux>;
