import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { debug } from "./run.ts";

export function define(program: Command, context: Context): void {
  program
    .command("debug")
    .summary("open a console in the guest, outside of its containers")
    .description(
      "Opens a console in the guest itself, outside of its containers, to look for what is wrong there; or\n" +
        "runs one of the guest's programs, busybox's. Everything after the container's name belongs to\n" +
        "the command. The exit code is the command's.",
    )
    .argument("<container>", "name of the container")
    .argument("[command...]", "command and its arguments (default: a shell)")
    .passThroughOptions()
    .action(async (name: string, words: string[]) => {
      const args = words[0] === "--" ? words.slice(1) : words;
      context.exitCode = await debug(name, args, context);
    })
    .addHelpText(
      "after",
      examples("virtc debug web", "virtc debug web -- dmesg", "virtc debug web ps -o pid,args"),
    );
}
