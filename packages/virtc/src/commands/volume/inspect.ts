import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineInspect } from "../inspect-things.ts";

export function define(group: Command, context: Context): void {
  defineInspect(group, context, {
    what: "volumes",
    description: "Prints all that is known of volumes, as a JSON list.",
    example: "data",
    inspect: (library, name) => library.volumes.inspect(name),
  });
}
