import * as v from "valibot";
import { honoured, integer, later, text, uint64 } from "../../validate.ts";

const actions = [
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
] as const;

/** What happens with a system call; not `SCMP_ACT_NOTIFY`, which needs a listener on the host. */
export type SeccompAction = (typeof actions)[number];

const action = v.pipe(
  v.picklist(actions, `it must be one of ${actions.join(", ")}`),
  honoured((name) => name !== "SCMP_ACT_NOTIFY", "a listener on the host for system calls"),
);

const operators = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
] as const;

const flags = [
  "SECCOMP_FILTER_FLAG_TSYNC",
  "SECCOMP_FILTER_FLAG_LOG",
  "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
] as const;

/** A rule for some system calls. */
export interface SeccompRule {
  /** Names of system calls. */
  names: string[];
  /** What happens with them. */
  action: SeccompAction;
  /** The error number that they end with, 0 to 4095, where the action is an error. */
  errnoRet?: number | undefined;
  /** Only if all of these hold of their arguments. */
  args?: SeccompArgument[] | undefined;
}

/** A condition on an argument of a system call. */
export interface SeccompArgument {
  /** Which argument: 0 to 5. */
  index: number;
  /** What it is compared with; of SCMP_CMP_MASKED_EQ the mask. */
  value: number;
  /** Of SCMP_CMP_MASKED_EQ what the masked argument is compared with. */
  valueTwo?: number | undefined;
  /** How it is compared. */
  op: (typeof operators)[number];
}

const Syscall = v.object({
  names: v.pipe(
    v.array(v.pipe(text(64), v.nonEmpty("it must be the name of a system call"))),
    v.nonEmpty("it must name a system call"),
  ),
  action,
  errnoRet: v.optional(integer(0, 4095)),
  args: v.optional(
    v.array(
      v.object({
        index: integer(0, 5),
        value: uint64,
        valueTwo: v.optional(uint64),
        op: v.picklist(operators, `it must be one of ${operators.join(", ")}`),
      }),
    ),
  ),
});

/** `linux.seccomp` of the OCI runtime specification: a filter of system calls, which the guest sets up. */
export interface Seccomp {
  /** What happens with a system call that no rule names. */
  defaultAction: SeccompAction;
  /** None but 1, EPERM. */
  defaultErrnoRet?: number | undefined;
  /** Such as `SCMP_ARCH_X86_64`; default: the guest's. */
  architectures?: string[] | undefined;
  /** How the filter is set up. */
  flags?: (typeof flags)[number][] | undefined;
  /** Rules by names of system calls. */
  syscalls?: SeccompRule[] | undefined;
}

export const SeccompSchema = v.object({
  defaultAction: action,
  defaultErrnoRet: v.optional(
    v.pipe(
      integer(0, 4095),
      honoured((number) => number === 1, "another defaultErrnoRet than 1, EPERM"),
    ),
  ),
  architectures: v.optional(
    v.array(v.pipe(text(64), v.regex(/^SCMP_ARCH_\w+$/, "it must be such as SCMP_ARCH_X86_64"))),
  ),
  flags: v.optional(v.array(v.picklist(flags, `it must be one of ${flags.join(", ")}`))),
  listenerPath: later("a listener on the host for system calls"),
  listenerMetadata: later("a listener on the host for system calls"),
  syscalls: v.optional(v.array(Syscall)),
});
