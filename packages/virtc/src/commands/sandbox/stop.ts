import type { Command } from "commander";
import { parseSeconds } from "../../args/duration.ts";
import { optional } from "../../args/optional.ts";
import type { Context } from "../../context.ts";
import { stopSandbox } from "../../sandbox/stop.ts";
import { defineSandboxVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineSandboxVerb<{ time?: string }>(group, context, {
    name: "stop",
    summary: "stop sandboxes and all their containers",
    description:
      "Asks the containers to end (SIGTERM), kills those that have not ended in time, and shuts the VM\n" +
      "down. What is known of it stays until it is deleted.",
    examples: ["virtc sandbox stop pod1", "virtc sandbox stop -t 0 pod1 pod2"],
    declare: (command) =>
      command.option(
        "-t, --time <seconds>",
        "how long to wait before killing (default: 10, or its own)",
      ),
    act: ({ time }) => {
      const graceMs = optional(time, (text) => parseSeconds("--time", text));
      return (library, name) => stopSandbox(library, name, graceMs);
    },
  });
}
