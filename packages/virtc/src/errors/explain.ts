import { CommanderError } from "commander";
import { missingCommands, missingRunOptions } from "./docker-missing.ts";
import { UsageError } from "./usage.ts";

/** Turns the parser's errors into ours: one sentence and a hint. `path` names the command that was meant. */
export function explain(error: unknown, path: string): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.code === "commander.help")
    return new UsageError("a command is missing", "See the list above.");
  const [first = "", suggestion = ""] = error.message.replace(/^error: /, "").split("\n");
  const help = path === "" ? "virtc --help" : `virtc ${path} --help`;
  const why = error.code === "commander.unknownOption" ? optionMissing(first, path) : undefined;
  if (why !== undefined) return new UsageError(`${first}: ${why}`);
  const meant =
    error.code === "commander.unknownCommand"
      ? commandMeant(first, suggestion, path)
      : error.code === "commander.missingArgument"
        ? withoutSandbox(path)
        : suggestion.replace(/^\((.*)\)$/, "$1");
  return new UsageError(
    first.replace(/\.$/, ""),
    [meant, `See \`${help}\`.`].filter(Boolean).join(" "),
  );
}

/** Why an option of docker's is not one of a command that makes containers. */
function optionMissing(message: string, path: string): string | undefined {
  if (!["run", "create", "container run", "container create"].includes(path)) return undefined;
  const name = /'--([a-z-]+)[='].*/.exec(message)?.[1] ?? "";
  return Object.hasOwn(missingRunOptions, name) ? missingRunOptions[name] : undefined;
}

/** Commands that below `container` want the sandbox first, and are commands of virtc that do not. */
const alone: Readonly<Record<string, string>> = {
  start: "start",
  stop: "stop",
  kill: "kill",
  delete: "rm",
  rm: "rm",
  remove: "rm",
  pause: "pause",
  resume: "resume",
  unpause: "resume",
  update: "update",
};

/** What does the same to a container that has a VM of its own, by its name alone. */
function withoutSandbox(path: string): string {
  const [group, verb = ""] = path.split(" ");
  if (group !== "container" || !Object.hasOwn(alone, verb)) return "";
  return `The sandbox comes first; of what \`virtc run\` made the name is enough: \`virtc ${alone[verb]} NAME\`.`;
}

/** A word of docker's is known; else the parser's guess is taken if it begins alike, since others mislead. */
function commandMeant(message: string, suggestion: string, path: string): string {
  const word = /'(.*)'/.exec(message)?.[1] ?? "";
  if (path === "" && Object.hasOwn(missingCommands, word)) return missingCommands[word] ?? "";
  const names = suggestion.replace(/^\(Did you mean (?:one of )?|\?\)$/g, "").split(", ");
  const alike = names.filter((name) => name !== "" && name[0] === word[0]);
  return alike.length === 0 ? "" : `Did you mean ${alike.join(" or ")}?`;
}
