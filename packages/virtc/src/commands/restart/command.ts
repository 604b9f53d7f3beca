import type { Command } from "commander";
import { parseSeconds } from "../../args/duration.ts";
import { optional } from "../../args/optional.ts";
import type { Context } from "../../context.ts";
import { startSandbox } from "../../sandbox/start.ts";
import { stopSandbox } from "../../sandbox/stop.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(program: Command, context: Context): void {
  program
    .command("restart")
    .summary("stop containers and start them again")
    .description(
      "Stops containers as `virtc stop` does, and starts them again in a VM that boots anew; what does not\n" +
        "run is started.",
    )
    .argument("<container...>", "names of the containers")
    .option("-t, --time <seconds>", "how long to wait before killing (default: 10, or its own)")
    .action((names: string[], options: { time?: string }) => {
      const graceMs = optional(options.time, (text) => parseSeconds("--time", text));
      return forEachName(names, context, async (name) => {
        const library = await context.library();
        await stopSandbox(library, name, graceMs);
        await startSandbox(library, name);
        context.stdout.write(`${name}\n`);
      });
    })
    .addHelpText("after", examples("virtc restart web", "virtc restart -t 0 web job"));
}
