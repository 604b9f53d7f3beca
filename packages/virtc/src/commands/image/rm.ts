import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { isLibraryError } from "../../errors/library.ts";
import { report } from "../../errors/report.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";
import { pathOf } from "../path-of.ts";

export function define(group: Command, context: Context): void {
  defineRm(group, context, "rm");
}

export function defineRm(parent: Command, context: Context, name: string): void {
  const command = pathOf(parent, name);
  parent
    .command(name)
    .summary("remove images")
    .description("Removes names of images; an image goes with its last name.")
    .argument("<image...>", "names or digests")
    .option("-f, --force", "unname it even if a container uses it; what is not there is no failure")
    .action((names: string[], { force = false }: { force?: boolean }) =>
      forEachName(names, context, async (name) => {
        try {
          await (await context.library()).images.remove(name, { force });
        } catch (error) {
          if (!force || !isLibraryError(error, "IMAGE_NOT_FOUND")) throw error;
          report(error, context);
          return;
        }
        context.stdout.write(`${name}\n`);
      }),
    )
    .addHelpText("after", examples(`${command} alpine:3`));
}
