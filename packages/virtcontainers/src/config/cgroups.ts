import * as v from "valibot";
import { text } from "../validate.ts";

const cpuList = v.pipe(
  text(256),
  v.regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/, "it must be a list such as 0-2,5"),
);

/** Where the host's cgroup of a sandbox is, and which of the host's CPUs and memory nodes it may use. */
export interface Cgroups {
  /** Default /virtc-<id>. The last name gets the prefix virtc_, a relative path is below /virtcontainers. */
  path?: string | undefined;
  /** CPUs of the host that it may use, such as `0-2,5`; default: all. */
  cpus?: string | undefined;
  /** Memory nodes of the host that it may use, such as `0`; default: all. */
  mems?: string | undefined;
}

export const CgroupsSchema = v.strictObject({
  path: v.optional(v.pipe(text(1024), v.minLength(1, "it must not be empty"))),
  cpus: v.optional(cpuList),
  mems: v.optional(cpuList),
});
