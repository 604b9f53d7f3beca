import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { complete } from "./run.ts";

/** What the shell scripts of `virtc completion` call; not for people. */
export function define(program: Command, context: Context): void {
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const candidates = await complete(program, words, context);
      context.stdout.write(candidates.map(({ text, about }) => `${text}\t${about}\n`).join(""));
    });
}
