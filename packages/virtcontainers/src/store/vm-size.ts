import * as v from "valibot";

/** A VM's size, or a part of it; CPUs may be a fraction until they are summed up. */
export interface VmSize {
  cpus: number;
  memoryMiB: number;
}

export const VmSizeSchema = v.object({ cpus: v.number(), memoryMiB: v.number() });
