import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineSandboxVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineSandboxVerb(group, context, {
    name: "resume",
    summary: "let paused sandboxes go on",
    description: "Lets sandboxes go on that have been paused.",
    examples: ["virtc sandbox resume pod1"],
    act: () => (library, name) => library.resumeSandbox(name),
  });
}
