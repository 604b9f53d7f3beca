import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { declareTopOptions, parseTop, type TopOptions } from "./options.ts";
import { top } from "./run.ts";

export function define(program: Command, context: Context): void {
  const command = program
    .command("top")
    .summary("show the processes of a container, live")
    .description(
      "Shows the processes of a container, as seen from the guest. On a terminal it is redrawn until q or\n" +
        "Ctrl-C; elsewhere it is printed once. What follows the container's name are arguments of ps,\n" +
        "such as aux or -o pid,user,args.",
    )
    .argument("<container>", "name of the container")
    .argument("[ps-argument...]", "arguments of ps (default: -ef)")
    .passThroughOptions()
    .option("--container <id>", "which container, where the sandbox has several")
    .action((sandbox: string, args: string[], options: TopOptions & { container?: string }) =>
      top({ sandbox, container: options.container, args, ...parseTop(options, context) }, context),
    );
  declareTopOptions(command).addHelpText(
    "after",
    examples("virtc top web", "virtc top --no-live web aux", "virtc top web -o pid,user,args"),
  );
}
