import * as v from "valibot";
import { absolutePath, argument, flag, honoured, integer, later, text } from "../../validate.ts";
import { Rlimits } from "../rlimits.ts";

const uint32 = integer(0, 2 ** 32 - 1);
const capabilities = v.optional(
  v.array(v.pipe(text(64), v.regex(/^CAP_[A-Z_]+$/, "it must be such as CAP_NET_ADMIN"))),
);

/** `process` of the OCI runtime specification. */
export const OciProcess = v.object({
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
  rlimits: v.optional(Rlimits),
  noNewPrivileges: flag,
  oomScoreAdj: v.optional(integer(-1000, 1000)),
  apparmorProfile: v.optional(text()),
  selinuxLabel: v.optional(text()),
  ioPriority: later("I/O priorities"),
  scheduler: later("scheduling policies"),
  execCPUAffinity: later("CPU affinity of commands"),
  commandLine: later("command lines, which are for Windows; give args"),
});
export type OciProcess = v.InferInput<typeof OciProcess>;
