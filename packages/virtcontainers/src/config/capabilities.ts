import * as v from "valibot";

/** Every capability of Linux (capabilities(7)). */
export const knownCapabilities: readonly string[] = [
  "CAP_AUDIT_CONTROL",
  "CAP_AUDIT_READ",
  "CAP_AUDIT_WRITE",
  "CAP_BLOCK_SUSPEND",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_KILL",
  "CAP_LEASE",
  "CAP_LINUX_IMMUTABLE",
  "CAP_MAC_ADMIN",
  "CAP_MAC_OVERRIDE",
  "CAP_MKNOD",
  "CAP_NET_ADMIN",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_RAW",
  "CAP_PERFMON",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYSLOG",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_CHROOT",
  "CAP_SYS_MODULE",
  "CAP_SYS_NICE",
  "CAP_SYS_PACCT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_WAKE_ALARM",
];

/** What a container may do without more being asked for: the set that Docker and containerd give. */
export const defaultCapabilities: readonly string[] = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

const capabilityName = v.pipe(
  v.string("it must be a text"),
  v.regex(/^CAP_[A-Z_]+$/, "it must be a capability such as CAP_NET_ADMIN"),
);

/** Capabilities of a command (capabilities(7)), each a list of names such as `CAP_NET_ADMIN`. */
export interface Capabilities {
  /** What it and its children can ever have. */
  bounding?: string[] | undefined;
  /** What it has. */
  effective?: string[] | undefined;
  /** What programs that it executes may keep. */
  inheritable?: string[] | undefined;
  /** What it may take. */
  permitted?: string[] | undefined;
  /** What programs that it executes have, though they are not root's. */
  ambient?: string[] | undefined;
}

export const CapabilitiesSchema = v.strictObject({
  bounding: v.optional(v.array(capabilityName)),
  effective: v.optional(v.array(capabilityName)),
  inheritable: v.optional(v.array(capabilityName)),
  permitted: v.optional(v.array(capabilityName)),
  ambient: v.optional(v.array(capabilityName)),
});
