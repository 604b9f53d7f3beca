import * as v from "valibot";

/** A VM's size, or a part of it; CPUs may be a fraction until they are summed up. */
export const VmSize = v.object({ cpus: v.number(), memoryMiB: v.number() });
export type VmSize = v.InferOutput<typeof VmSize>;
