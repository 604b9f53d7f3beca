import * as v from "valibot";
import { integer } from "../validate.ts";

/** The size that a running VM is to have; what is not named stays. */
export interface Resize {
  /** vCPUs, 1 to 240. */
  cpus?: number | undefined;
  /** 64 MiB to 4 TiB. */
  memoryMiB?: number | undefined;
}

export const ResizeSchema = v.pipe(
  v.strictObject({
    cpus: v.optional(integer(1, 240, "vCPUs")),
    memoryMiB: v.optional(integer(64, 4_194_304, "MiB")),
  }),
  v.check(
    ({ cpus, memoryMiB }) => cpus !== undefined || memoryMiB !== undefined,
    "cpus or memoryMiB must be given",
  ),
);
