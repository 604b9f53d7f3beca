import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(program: Command, context: Context): void {
  program
    .command("resume")
    .alias("unpause")
    .summary("let paused containers go on")
    .description("Lets containers go on that `virtc pause` has halted.")
    .argument("<container...>", "names of the containers")
    .option("--container <id>", "only this one, where the sandbox has several")
    .action((names: string[], options: { container?: string }) =>
      forEachName(names, context, async (name) => {
        const library = await context.library();
        if (options.container === undefined) await library.resumeSandbox(name);
        else await library.resumeContainer(name, options.container);
        context.stdout.write(`${name}\n`);
      }),
    )
    .addHelpText("after", examples("virtc resume web", "virtc resume --container web pod1"));
}
