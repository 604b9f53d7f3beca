import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { definePrune } from "../prune-things.ts";

export function define(group: Command, context: Context): void {
  definePrune(group, context, {
    summary: "remove the volumes that no container uses",
    description: "Removes all volumes that no container uses, with all that is in them.",
    prune: (library) => library.volumes.prune(),
  });
}
