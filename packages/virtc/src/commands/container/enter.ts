import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { declareExecOptions, type ExecOptions } from "../exec/options.ts";
import { exec } from "../exec/run.ts";

export function define(group: Command, context: Context): void {
  const command = group
    .command("enter")
    .summary("run a command in a running container")
    .description(
      "Runs a command in a running container, as `virtc exec` does. Everything after the container's\n" +
        "name belongs to the command. The exit code is the command's.",
    )
    .argument("<sandbox>", "name of the sandbox")
    .argument("<container>", "name of the container")
    .argument("<command...>", "command and its arguments")
    .passThroughOptions()
    .action(async (sandbox: string, container: string, words: string[], options: ExecOptions) => {
      context.exitCode = await exec(sandbox, words, { ...options, container }, context);
    });
  declareExecOptions(command).addHelpText(
    "after",
    examples("virtc container enter pod1 web ps", "virtc container enter -it pod1 web sh"),
  );
}
