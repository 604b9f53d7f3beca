import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineSandboxVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineSandboxVerb(group, context, {
    name: "start",
    summary: "start sandboxes and all their containers",
    description: "Starts sandboxes and all their containers. One that was stopped boots anew.",
    examples: ["virtc sandbox start pod1"],
    act: () => (library, name) => library.startSandbox(name),
  });
}
