import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineContainerVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineContainerVerb(group, context, {
    name: "pause",
    summary: "freeze containers; the sandbox goes on",
    description:
      "Freezes all processes of containers, until they are resumed. Their sandbox goes on.",
    examples: ["virtc container pause pod1 web"],
    act: () => (library, sandbox, name) => library.pauseContainer(sandbox, name),
  });
}
