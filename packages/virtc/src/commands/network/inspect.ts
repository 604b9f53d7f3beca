import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineInspect } from "../inspect-things.ts";

export function define(group: Command, context: Context): void {
  defineInspect(group, context, {
    what: "networks",
    description: "Prints all that is known of networks and of who is in them, as a JSON list.",
    example: "front",
    inspect: (library, name) => library.networks.inspect(name),
  });
}
