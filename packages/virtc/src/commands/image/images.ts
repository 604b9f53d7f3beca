import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineList } from "../list.ts";
import { imageList } from "./ls.ts";

/** `virtc images` is `virtc image ls`. */
export function define(program: Command, context: Context): void {
  defineList(program, context, imageList, "images");
}
