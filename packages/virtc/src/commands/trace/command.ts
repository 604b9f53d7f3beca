import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { examples } from "../examples.ts";
import { waterfall } from "./waterfall.ts";

export function define(program: Command, context: Context): void {
  program
    .command("trace")
    .summary("show how long the steps of a create took")
    .description(
      "Shows the phases of the last create as a waterfall, also of one that failed; with a name, those of\n" +
        "that sandbox's create.",
    )
    .argument("[container]", "name of the container")
    .option("--json", "print JSON")
    .action(async (name: string | undefined, options: { json?: boolean }) => {
      const trace = await (await context.library()).trace(name);
      const columns = context.stdout.columns ?? 80;
      context.stdout.write(options.json ? json(trace) : waterfall(trace, columns));
    })
    .addHelpText("after", examples("virtc trace", "virtc trace web", "virtc trace --json web"));
}
