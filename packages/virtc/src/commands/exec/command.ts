import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { declareExecOptions, type ExecOptions } from "./options.ts";
import { exec } from "./run.ts";

export function define(program: Command, context: Context): void {
  const command = program
    .command("exec")
    .summary("run a command in a running container")
    .description(
      "Runs a command in a running container. Everything after the container's name belongs to the\n" +
        "command. The exit code is the command's.",
    )
    .argument("<container>", "name of the container")
    .argument("<command...>", "command and its arguments")
    .passThroughOptions()
    .option("--container <id>", "which container, where the sandbox has several")
    .action(async (name: string, words: string[], options: ExecOptions) => {
      context.exitCode = await exec(name, words, options, context);
    });
  declareExecOptions(command).addHelpText(
    "after",
    examples(
      "virtc exec web ps",
      "virtc exec -it web sh",
      "virtc exec -e MODE=test -w /tmp -u nobody web env",
    ),
  );
}
