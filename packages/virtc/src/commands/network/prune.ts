import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { definePrune } from "../prune-things.ts";

export function define(group: Command, context: Context): void {
  definePrune(group, context, {
    summary: "remove the networks that no container is in",
    description: "Removes all networks that were made here and that no container is in.",
    prune: (library) => library.networks.prune(),
  });
}
