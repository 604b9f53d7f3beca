import { type CopyCallOptions, type CopyOptions, CopyOptionsSchema } from "../config/copy.ts";
import { argument, parse } from "../validate.ts";

/** The options of a copy between `paths`, by the names of the arguments. INVALID_ARGUMENT. */
export function checkedCopy(
  options: CopyCallOptions,
  paths: Readonly<Record<string, string>>,
): CopyOptions {
  for (const [field, path] of Object.entries(paths)) parse(argument(4096), path, field);
  return parse(CopyOptionsSchema, options, "options");
}
