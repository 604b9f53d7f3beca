import * as v from "valibot";
import { uint64 } from "../validate.ts";

/** Names of getrlimit(2). */
export const rlimitTypes = [
  "RLIMIT_AS",
  "RLIMIT_CORE",
  "RLIMIT_CPU",
  "RLIMIT_DATA",
  "RLIMIT_FSIZE",
  "RLIMIT_LOCKS",
  "RLIMIT_MEMLOCK",
  "RLIMIT_MSGQUEUE",
  "RLIMIT_NICE",
  "RLIMIT_NOFILE",
  "RLIMIT_NPROC",
  "RLIMIT_RSS",
  "RLIMIT_RTPRIO",
  "RLIMIT_RTTIME",
  "RLIMIT_SIGPENDING",
  "RLIMIT_STACK",
] as const;

/** One limit of a process; 2^64-1 (any number from 2^64 - 2048 on) is no limit. */
export interface Rlimit {
  /** Name of getrlimit(2). */
  type: (typeof rlimitTypes)[number];
  /** What holds; not above `hard`. */
  soft: number;
  /** What the process itself can raise `soft` to. */
  hard: number;
}

export const RlimitSchema = v.pipe(
  v.object({
    type: v.picklist(rlimitTypes, `it must be one of ${rlimitTypes.join(", ")}`),
    soft: uint64,
    hard: uint64,
  }),
  v.check(({ soft, hard }) => soft <= hard, "soft must not be above hard"),
);

/** Limits of a process, of each type one. */
export type Rlimits = Rlimit[];

export const RlimitsSchema = v.pipe(
  v.array(RlimitSchema, "it must be a list of limits"),
  v.check(
    (limits) => new Set(limits.map(({ type }) => type)).size === limits.length,
    "each type of limit can stand there once",
  ),
);
