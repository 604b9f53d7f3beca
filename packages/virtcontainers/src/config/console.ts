import * as v from "valibot";
import { argument } from "../validate.ts";
import { type TerminalSize, TerminalSizeSchema } from "./terminal-size.ts";

/** What runs on a console of the guest. */
export interface ConsoleOptions {
  /** Program of the guest and its arguments, at most 4096; default: a shell. */
  args?: string[] | undefined;
  /** Of its terminal. */
  size?: TerminalSize | undefined;
}

export const ConsoleOptionsSchema = v.strictObject({
  args: v.optional(v.pipe(v.array(argument()), v.maxLength(4096))),
  size: v.optional(TerminalSizeSchema),
});
