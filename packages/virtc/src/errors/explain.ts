import { CommanderError } from "commander";
import { UsageError } from "./usage.ts";

/** Turns the parser's errors into ours: one sentence and a hint. */
export function explain(error: unknown, command: string | undefined): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.code === "commander.help")
    return new UsageError("a command is missing", "See the list above.");
  const [first = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const help = error.code === "commander.unknownCommand" ? "virtc --help" : helpOf(command);
  return new UsageError(
    first.replace(/\.$/, ""),
    [suggestion?.replace(/^\((.*)\)$/, "$1"), `See \`${help}\`.`].filter(Boolean).join(" "),
  );
}

function helpOf(command: string | undefined): string {
  return command === undefined ? "virtc --help" : `virtc ${command} --help`;
}
