import type { Seccomp } from "../../../config/oci/seccomp.ts";

type Rule = NonNullable<Seccomp["syscalls"]>[number];

/** Calls that need no capability, or none that a container can have, and that docker's profile lacks, too. */
const never = [
  ..."add_key keyctl request_key userfaultfd io_uring_setup io_uring_enter io_uring_register".split(
    " ",
  ),
  ..."kexec_load kexec_file_load swapon swapoff move_pages migrate_pages nfsservctl vserver".split(
    " ",
  ),
  ..."_sysctl sysfs ustat uselib create_module get_kernel_syms query_module lookup_dcookie".split(
    " ",
  ),
];

/** Calls that any of these capabilities allows. */
const unless: readonly (readonly [calls: string, capabilities: readonly string[]])[] = [
  ["bpf", ["CAP_BPF", "CAP_SYS_ADMIN"]],
  ["perf_event_open", ["CAP_PERFMON", "CAP_SYS_ADMIN"]],
  ["syslog", ["CAP_SYSLOG", "CAP_SYS_ADMIN"]],
  ["open_by_handle_at", ["CAP_DAC_READ_SEARCH"]],
  [
    "fanotify_init fsconfig fsmount fsopen fspick mount mount_setattr move_mount",
    ["CAP_SYS_ADMIN"],
  ],
  ["open_tree pivot_root quotactl quotactl_fd umount2", ["CAP_SYS_ADMIN"]],
  ["setdomainname sethostname setns unshare", ["CAP_SYS_ADMIN"]],
  ["reboot", ["CAP_SYS_BOOT"]],
  ["chroot", ["CAP_SYS_CHROOT"]],
  ["delete_module finit_module init_module", ["CAP_SYS_MODULE"]],
  ["get_mempolicy mbind set_mempolicy set_mempolicy_home_node", ["CAP_SYS_NICE"]],
  ["acct", ["CAP_SYS_PACCT"]],
  ["kcmp pidfd_getfd process_madvise", ["CAP_SYS_PTRACE"]],
  ["iopl ioperm", ["CAP_SYS_RAWIO"]],
  ["clock_settime settimeofday", ["CAP_SYS_TIME"]],
  ["vhangup", ["CAP_SYS_TTY_CONFIG"]],
];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const newNamespaces = [
  0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
];
/** ADDR_NO_RANDOMIZE, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT and READ_IMPLIES_EXEC. */
const weakPersonalities = [0x4_0000, 0x10_0000, 0x20_0000, 0x40_0000];
/** Set in the value with which a process only asks for its personality. */
const asking = 0x8000_0000;
/** The family of sockets that reach the host. */
const vsock = 40;
const noSuchCall = 38;

/**
 * The filter of a container with these capabilities that asks for no other. It refuses with EPERM what
 * docker's profile refuses; but since each rule costs time at create, it names what is refused, not what is
 * allowed. Programs of another architecture than the guest's are killed.
 */
export function defaultSeccomp(capabilities: readonly string[]): Seccomp {
  const has = (names: readonly string[]): boolean =>
    names.some((name) => capabilities.includes(name));
  const refused = unless.flatMap(([calls, names]) => (has(names) ? [] : calls.split(" ")));
  return {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [
      { names: [...never, ...refused], action: "SCMP_ACT_ERRNO", errnoRet: 1 },
      refuse("socket", { value: vsock, op: "SCMP_CMP_EQ" }),
      ...weakPersonalities.map((bit) =>
        refuse("personality", { value: asking + bit, valueTwo: bit, op: "SCMP_CMP_MASKED_EQ" }),
      ),
      ...(has(["CAP_SYS_ADMIN"]) ? [] : noNewNamespaces),
    ],
  };
}

function refuse(name: string, arg: Omit<NonNullable<Rule["args"]>[number], "index">): Rule {
  return {
    names: [name],
    action: "SCMP_ACT_ERRNO",
    errnoRet: 1,
    args: [{ index: 0, ...arg }],
  };
}

/** A filter can't see the flags of clone3; that it does not exist makes C libraries take clone. */
const noNewNamespaces: readonly Rule[] = [
  ...newNamespaces.map((bit) =>
    refuse("clone", { value: bit, valueTwo: bit, op: "SCMP_CMP_MASKED_EQ" }),
  ),
  { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: noSuchCall },
];
