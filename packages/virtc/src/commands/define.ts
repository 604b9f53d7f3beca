import type { Command } from "commander";
import type { Context } from "../context.ts";

/** Adds a command to the program, or to a command that has others below it. */
export type Define = (program: Command, context: Context) => void | Promise<void>;
