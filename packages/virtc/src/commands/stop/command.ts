import type { Command } from "commander";
import { parseSeconds } from "../../args/duration.ts";
import { optional } from "../../args/optional.ts";
import type { Context } from "../../context.ts";
import { stopSandbox } from "../../sandbox/stop.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(program: Command, context: Context): void {
  program
    .command("stop")
    .summary("stop containers")
    .description(
      "Asks containers to end (SIGTERM), kills those that have not ended in time, and shuts their VM\n" +
        "down. They stay listed by `virtc ps -a` until they are removed.",
    )
    .argument("<container...>", "names of the containers")
    .option("-t, --time <seconds>", "how long to wait before killing (default: 10, or its own)")
    .action((names: string[], options: { time?: string }) => {
      const graceMs = optional(options.time, (text) => parseSeconds("--time", text));
      return forEachName(names, context, async (name) => {
        await stopSandbox(await context.library(), name, graceMs);
        context.stdout.write(`${name}\n`);
      });
    })
    .addHelpText("after", examples("virtc stop web", "virtc stop -t 0 web job"));
}
