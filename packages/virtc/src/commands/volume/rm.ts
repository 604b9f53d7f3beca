import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineRemove } from "../remove-things.ts";

export function define(group: Command, context: Context): void {
  defineRemove(group, context, {
    what: "volumes",
    description: "Removes volumes with all that is in them; not those that a container uses.",
    example: "data",
    remove: (library, name) => library.volumes.remove(name),
  });
}
