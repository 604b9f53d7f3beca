import type { Command } from "commander";
import type { Context } from "../context.ts";
import { isLibraryError } from "../errors/library.ts";
import { UsageError } from "../errors/usage.ts";
import type { Library } from "../library.ts";
import { forEachName } from "./each.ts";
import { examples } from "./examples.ts";

export function define(program: Command, context: Context): void {
  program
    .command("rm")
    .summary("remove containers")
    .description("Removes containers and all that they left on this host.")
    .argument("<container...>", "names of the containers")
    .option("-f, --force", "also those that run, by killing them")
    .action((names: string[], options: { force?: boolean }) =>
      forEachName(names, context, async (name) => {
        await remove(await context.library(), name, options.force ?? false);
        context.stdout.write(`${name}\n`);
      }),
    )
    .addHelpText(
      "after",
      examples("virtc rm web", "virtc rm -f web job", "virtc rm $(virtc ps -aq)"),
    );
}

async function remove(library: Library, name: string, force: boolean): Promise<void> {
  try {
    await library.deleteSandbox(name, { force });
  } catch (error) {
    if (force || !isLibraryError(error, "INVALID_STATE")) throw error;
    throw new UsageError(
      error.message,
      `Stop it first, or remove it with \`virtc rm -f ${name}\`.`,
    );
  }
}
