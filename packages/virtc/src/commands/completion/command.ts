import { Argument, type Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { scripts } from "./scripts.ts";

export function define(program: Command, context: Context): void {
  program
    .command("completion")
    .summary("print a completion script for a shell")
    .description("Prints a script that completes commands, options, containers and images.")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .action((shell: string) => {
      context.stdout.write(scripts[shell] ?? "");
    })
    .addHelpText(
      "after",
      examples(
        "virtc completion bash > /etc/bash_completion.d/virtc",
        "virtc completion zsh > ~/.zfunc/_virtc",
        "virtc completion fish > ~/.config/fish/completions/virtc.fish",
      ),
    );
}
