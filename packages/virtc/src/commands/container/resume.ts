import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineContainerVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineContainerVerb(group, context, {
    name: "resume",
    summary: "let paused containers go on",
    description: "Lets containers go on that have been paused.",
    examples: ["virtc container resume pod1 web"],
    act: () => (library, sandbox, name) => library.resumeContainer(sandbox, name),
  });
}
