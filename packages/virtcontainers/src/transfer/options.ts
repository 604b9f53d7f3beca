import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { argument, integer, parse } from "../validate.ts";
import type { CopyLimits } from "./entry.ts";

/** How files are copied. */
export interface CopyOptions extends CopyLimits {
  /** Keeps owners. Default: what is copied belongs to root in the container, and to the caller on the host. */
  archive?: boolean | undefined;
}

/** The options of a call that copies; the deadline is 600 s by default. */
export type CopyCallOptions = CallOptions & CopyOptions;

const CopyOptionsSchema = v.object({
  archive: v.optional(v.boolean("it must be true or false")),
  maxBytes: v.optional(integer(0, Number.MAX_SAFE_INTEGER, "bytes")),
  maxEntries: v.optional(integer(1, 100_000_000)),
});

/** The options of a copy between `paths`, by the names of the arguments. INVALID_ARGUMENT. */
export function checkedCopy(
  options: CopyCallOptions,
  paths: Readonly<Record<string, string>>,
): CopyOptions {
  for (const [field, path] of Object.entries(paths)) parse(argument(4096), path, field);
  return parse(CopyOptionsSchema, options, "options");
}
