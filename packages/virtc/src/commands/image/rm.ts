import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(group: Command, context: Context): void {
  group
    .command("rm")
    .summary("remove images")
    .description("Removes names of images; an image goes with its last name.")
    .argument("<image...>", "names or digests")
    .option("-f, --force", "unname it even if a container uses it")
    .action((names: string[], options: { force?: boolean }) =>
      forEachName(names, context, async (name) => {
        const { images } = await context.library();
        await images.remove(name, { force: options.force ?? false });
        context.stdout.write(`${name}\n`);
      }),
    )
    .addHelpText("after", examples("virtc image rm alpine:3"));
}
