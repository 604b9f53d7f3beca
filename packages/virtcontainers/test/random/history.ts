import * as v from "valibot";

/** What a process can do with a sandbox, and what befalls it; `live` is a container's whole life in it. */
export const verbs = [
  "create",
  "run",
  "start",
  "stop",
  "pause",
  "resume",
  "delete",
  "annotate",
  "list",
  "exec",
  "live",
  "gc",
  "die",
] as const;
export type VerbName = (typeof verbs)[number];

/** One call, as whoever made it saw it. Times are the machine's monotonic clock in microseconds. */
export const Call = v.object({
  process: v.number(),
  n: v.number(),
  verb: v.picklist(verbs),
  id: v.string(),
  /** Of annotate: the key. */
  key: v.optional(v.string()),
  began: v.number(),
  /** Missing where the process was killed meanwhile. */
  ended: v.optional(v.number()),
  /** `ok`, or the code of the error. */
  outcome: v.optional(v.string()),
  /** Of list: what was seen, `absent` if nothing. */
  state: v.optional(v.string()),
  keys: v.optional(v.array(v.string())),
  /** Of what was wrong in itself, whatever the order. */
  wrong: v.optional(v.string()),
});
export type Call = v.InferOutput<typeof Call>;

/** Numbers that are the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}
