import type { Command } from "commander";
import { collect } from "../args/collect.ts";
import type { Context } from "../context.ts";
import { type ExecOptions, exec } from "../exec/exec.ts";
import { examples } from "./examples.ts";

export function define(program: Command, context: Context): void {
  program
    .command("exec")
    .summary("run a command in a running container")
    .description(
      "Runs a command in a running container. Everything after the container's name belongs to the\n" +
        "command. The exit code is the command's.",
    )
    .argument("<container>", "name of the container")
    .argument("<command...>", "command and its arguments")
    .passThroughOptions()
    .option("-d, --detach", "run the command in the background; its output is not kept")
    .option("-i, --interactive", "pass standard input to the command")
    .option("-t, --tty", "give the command a terminal")
    .option("-e, --env <variable>", "NAME=value, or NAME to pass it on from here", collect, [])
    .option("--env-file <file>", "read environment variables from a file", collect, [])
    .option("-w, --workdir <dir>", "working directory in the container")
    .option("-u, --user <user>", "name or uid, optionally :group or :gid")
    .option("--container <id>", "which container, where the sandbox has several")
    .action(async (name: string, command: string[], options: ExecOptions) => {
      context.exitCode = await exec(name, command, options, context);
    })
    .addHelpText(
      "after",
      examples(
        "virtc exec web ps",
        "virtc exec -it web sh",
        "virtc exec -e MODE=test -w /tmp -u nobody web env",
      ),
    );
}
