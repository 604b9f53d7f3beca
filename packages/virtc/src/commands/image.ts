import type { Command } from "commander";
import type { Context } from "../context.ts";
import { examples } from "./examples.ts";
import { define as defineImport } from "./image/import.ts";
import { define as defineInspect } from "./image/inspect.ts";
import { define as defineLs } from "./image/ls.ts";
import { define as definePrune } from "./image/prune.ts";
import { define as definePull } from "./image/pull.ts";
import { define as defineRm } from "./image/rm.ts";

export function define(program: Command, context: Context): void {
  const group = program
    .command("image")
    .summary("manage images: pull, import, ls, rm, prune, inspect")
    .description("Manages the images of this host.")
    .helpCommand(false)
    .addHelpText(
      "after",
      examples("virtc image pull alpine:3", "virtc image ls", "virtc image rm alpine:3"),
    );
  for (const part of [definePull, defineImport, defineLs, defineRm, definePrune, defineInspect]) {
    part(group, context);
  }
}
