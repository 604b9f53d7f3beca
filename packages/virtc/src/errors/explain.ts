import { CommanderError } from "commander";
import { UsageError } from "./usage.ts";

/** Turns the parser's errors into ours: one sentence and a hint. `path` names the command that was meant. */
export function explain(error: unknown, path: string): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.code === "commander.help")
    return new UsageError("a command is missing", "See the list above.");
  const [first = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const help = path === "" ? "virtc --help" : `virtc ${path} --help`;
  return new UsageError(
    first.replace(/\.$/, ""),
    [suggestion?.replace(/^\((.*)\)$/, "$1"), `See \`${help}\`.`].filter(Boolean).join(" "),
  );
}
