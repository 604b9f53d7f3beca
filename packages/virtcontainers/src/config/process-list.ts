import * as v from "valibot";
import { argument } from "../validate.ts";

/** How the processes of a container are listed. */
export interface ProcessListOptions {
  /** `json`: the pids as a JSON list; `table`: lines as ps prints them. */
  format: "json" | "table";
  /** Arguments of ps(1) for a table, at most 64; default `-ef`. Which processes are shown they do not change. */
  args?: string[] | undefined;
}

export const ProcessListOptionsSchema = v.strictObject({
  format: v.picklist(["json", "table"], "it must be json or table"),
  args: v.optional(v.pipe(v.array(argument(1024)), v.maxLength(64))),
});
