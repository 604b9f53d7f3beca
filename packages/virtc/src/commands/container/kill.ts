import type { Command } from "commander";
import { parseSignal } from "../../args/signal.ts";
import type { Context } from "../../context.ts";
import { defineContainerVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineContainerVerb<{ signal: string; all?: boolean }>(group, context, {
    name: "kill",
    summary: "send a signal to containers",
    description:
      "Sends a signal to the first process of containers; SIGKILL ends all their processes.",
    examples: ["virtc container kill pod1 web", "virtc container kill -s HUP --all pod1 web"],
    declare: (command) =>
      command
        .option("-s, --signal <signal>", "name or number of the signal", "KILL")
        .option("-a, --all", "to all processes that were started in the container"),
    act: ({ signal: text, all = false }) => {
      const signal = parseSignal("--signal", text);
      const every = all || signal === "SIGKILL" || signal === 9;
      return (library, sandbox, name) => library.killContainer(sandbox, name, signal, every);
    },
  });
}
