import * as v from "valibot";
import { argument, text } from "../validate.ts";

/** Kernel parameters by name. */
export type Sysctl = Record<string, string>;

export const SysctlSchema = v.record(
  v.pipe(text(256), v.regex(/^[a-zA-Z0-9._-]+$/, "it must be the name of a kernel parameter")),
  argument(4096),
  "it must map names to texts",
);
