import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(group: Command, context: Context): void {
  group
    .command("rm")
    .summary("remove volumes")
    .description("Removes volumes with all that is in them; not those that a container uses.")
    .argument("<volume...>", "names")
    .action((names: string[]) =>
      forEachName(names, context, async (name) => {
        await (await context.library()).volumes.remove(name);
        context.stdout.write(`${name}\n`);
      }),
    )
    .addHelpText("after", examples("virtc volume rm data"));
}
