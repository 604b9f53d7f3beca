import * as v from "valibot";

/** A process that can't be confused with a later one of the same pid. */
export const ProcessIdentity = v.object({
  pid: v.number(),
  /** Field 22 of /proc/pid/stat: clock ticks since boot. */
  startTime: v.string(),
});
export type ProcessIdentity = v.InferOutput<typeof ProcessIdentity>;
