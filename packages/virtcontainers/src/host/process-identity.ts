import * as v from "valibot";

/** A process that can't be confused with a later one of the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/pid/stat: clock ticks since boot. */
  startTime: string;
}

export const ProcessIdentitySchema = v.object({ pid: v.number(), startTime: v.string() });
