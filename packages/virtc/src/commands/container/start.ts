import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineContainerVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineContainerVerb(group, context, {
    name: "start",
    summary: "start containers",
    description: "Starts containers that have been made, or that have ended.",
    examples: ["virtc container start pod1 web"],
    act: () => (library, sandbox, name) => library.startContainer(sandbox, name),
  });
}
