import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(program: Command, context: Context): void {
  program
    .command("pause")
    .summary("halt containers where they are")
    .description(
      "Halts the VMs of containers, and all that is in them, until `virtc resume`. They use no CPU then.\n" +
        "With --container only that container is frozen, and the others in its VM go on.",
    )
    .argument("<container...>", "names of the containers")
    .option("--container <id>", "only this one, where the sandbox has several")
    .action((names: string[], options: { container?: string }) =>
      forEachName(names, context, async (name) => {
        const library = await context.library();
        if (options.container === undefined) await library.pauseSandbox(name);
        else await library.pauseContainer(name, options.container);
        context.stdout.write(`${name}\n`);
      }),
    )
    .addHelpText("after", examples("virtc pause web", "virtc pause --container web pod1"));
}
