import type { Command } from "commander";

/** How a command below `parent` is typed, for examples: `virtc push`, `virtc image push`. */
export function pathOf(parent: Command, name: string): string {
  return [...(parent.parent ? ["virtc"] : []), parent.name(), name].join(" ");
}
