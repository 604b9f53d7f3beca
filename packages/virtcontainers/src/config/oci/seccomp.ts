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
export const Seccomp = v.object({
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
export type Seccomp = v.InferInput<typeof Seccomp>;
