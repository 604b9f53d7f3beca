import type { Command } from "commander";
import type { Context } from "../context.ts";
import type { Define } from "./define.ts";
import { examples } from "./examples.ts";
import { giveSameNames } from "./same-names.ts";

interface Group {
  name: string;
  alias?: string;
  summary: string;
  description: string;
  examples: readonly string[];
  parts: readonly Define[];
}

/** A command that only has commands below it. */
export async function defineGroup(program: Command, context: Context, group: Group): Promise<void> {
  const command = program
    .command(group.name)
    .summary(group.summary)
    .description(group.description)
    .usage("<command>")
    .helpCommand(false)
    .addHelpText("after", examples(...group.examples));
  if (group.alias !== undefined) command.alias(group.alias);
  for (const part of group.parts) await part(command, context);
  giveSameNames(command);
}
