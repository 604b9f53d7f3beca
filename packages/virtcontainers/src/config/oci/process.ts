import * as v from "valibot";
import { absolutePath, argument, flag, honoured, integer, later, text } from "../../validate.ts";
import type { Capabilities } from "../capabilities.ts";
import type { ConsoleSize } from "../cmd.ts";
import { type Rlimits, RlimitsSchema } from "../rlimits.ts";

const uint32 = integer(0, 2 ** 32 - 1);
const capabilities = v.optional(
  v.array(v.pipe(text(64), v.regex(/^CAP_[A-Z_]+$/, "it must be such as CAP_NET_ADMIN"))),
);

/** Whose a process is, by numbers. */
export interface OciUser {
  /** The user. */
  uid: number;
  /** The group. */
  gid: number;
  /** None but 022 (18). */
  umask?: number | undefined;
  /** Further groups. */
  additionalGids?: number[] | undefined;
}

/** `process` of the OCI runtime specification. */
export interface OciProcess {
  /** A pseudo terminal in the guest. */
  terminal?: boolean | undefined;
  /** Of the terminal at its start. */
  consoleSize?: ConsoleSize | undefined;
  /** Whose it is, by numbers. */
  user?: OciUser | undefined;
  /** Where it begins: an absolute path. */
  cwd: string;
  /** Executable and arguments, at most 4096. */
  args?: string[] | undefined;
  /** Its environment: `NAME=value` each. */
  env?: string[] | undefined;
  /** What root may do in the container. */
  capabilities?: Capabilities | undefined;
  /** Limits of the process. */
  rlimits?: Rlimits | undefined;
  /** No program that it executes can get further rights. */
  noNewPrivileges?: boolean | undefined;
  /** Whom the guest's kernel kills first when memory is short: -1000 (never) to 1000. */
  oomScoreAdj?: number | undefined;
  /** AppArmor's profile in the guest. */
  apparmorProfile?: string | undefined;
  /** SELinux's context in the guest. */
  selinuxLabel?: string | undefined;
}

export const OciProcessSchema = v.object({
  terminal: flag,
  consoleSize: v.optional(v.object({ height: integer(0, 65535), width: integer(0, 65535) })),
  user: v.optional(
    v.object({
      uid: uint32,
      gid: uint32,
      umask: v.optional(
        v.pipe(
          integer(0, 0o7777),
          honoured((mask) => mask === 0o022, "another umask than 022 (18)"),
        ),
      ),
      additionalGids: v.optional(v.array(uint32)),
      username: later("user names, which are for Windows; give uid and gid"),
    }),
  ),
  cwd: absolutePath(),
  args: v.optional(
    v.pipe(
      v.array(argument(), "it must be a list of texts"),
      v.nonEmpty("it must name a command"),
      v.maxLength(4096, "it must have at most 4096 elements"),
    ),
  ),
  env: v.optional(v.array(argument())),
  capabilities: v.optional(
    v.object({
      bounding: capabilities,
      effective: capabilities,
      inheritable: capabilities,
      permitted: capabilities,
      ambient: capabilities,
    }),
  ),
  rlimits: v.optional(RlimitsSchema),
  noNewPrivileges: flag,
  oomScoreAdj: v.optional(integer(-1000, 1000)),
  apparmorProfile: v.optional(text()),
  selinuxLabel: v.optional(text()),
  ioPriority: later("I/O priorities"),
  scheduler: later("scheduling policies"),
  execCPUAffinity: later("CPU affinity of commands"),
  commandLine: later("command lines, which are for Windows; give args"),
});
