import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineRm } from "./rm.ts";

/** `virtc rmi` is `virtc image rm`. */
export function define(program: Command, context: Context): void {
  defineRm(program, context, "rmi");
}
