import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineRemove } from "../remove-things.ts";

export function define(group: Command, context: Context): void {
  defineRemove(group, context, {
    what: "networks",
    description: "Removes networks; not those that a container is in.",
    example: "front",
    remove: (library, name) => library.networks.remove(name),
  });
}
