import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { isLibraryError } from "../../errors/library.ts";
import { UsageError } from "../../errors/usage.ts";
import type { Library } from "../../library.ts";
import { defineContainerVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineContainerVerb<{ force?: boolean }>(group, context, {
    name: "delete",
    summary: "delete containers",
    description: "Deletes containers; their sandbox goes on.",
    examples: ["virtc container delete pod1 web", "virtc container delete --force pod1 web job"],
    declare: (command) => command.option("-f, --force", "also those that run, by killing them"),
    act:
      ({ force = false }) =>
      (library, sandbox, name) =>
        remove(library, sandbox, name, force),
  });
}

async function remove(
  library: Library,
  sandbox: string,
  name: string,
  force: boolean,
): Promise<void> {
  if (force) await library.stopContainer(sandbox, name, { force });
  try {
    await library.deleteContainer(sandbox, name);
  } catch (error) {
    if (force || !isLibraryError(error, "INVALID_STATE")) throw error;
    throw new UsageError(
      error.message,
      `Stop it first, or remove it with \`virtc container delete -f ${sandbox} ${name}\`.`,
    );
  }
}
