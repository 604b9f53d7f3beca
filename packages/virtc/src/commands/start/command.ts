import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { startSandbox } from "../../sandbox/start.ts";
import { type AttachOptions, declareAttachOptions } from "../attach/options.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";
import { startAttached } from "./attached.ts";

interface StartOptions extends AttachOptions {
  attach?: boolean;
  interactive?: boolean;
}

export function define(program: Command, context: Context): void {
  const command = program
    .command("start")
    .summary("start containers that were made, or have ended")
    .description(
      "Starts containers that were made by `virtc create`, or have ended, and prints their names. What they\n" +
        "had written to their disk is there again. With -a it stays until the container ends, and has its\n" +
        "exit code.",
    )
    .argument("<container...>", "names of the containers")
    .option("-a, --attach", "show what it writes and hand signals on, until it ends")
    .option("-i, --interactive", "pass standard input on, for what was made with -i")
    .action(async (names: string[], options: StartOptions) => {
      if (options.attach || options.interactive) {
        const [name, second] = names;
        if (name === undefined || second !== undefined)
          throw new UsageError("-a and -i take one container", "Start the others without them.");
        context.exitCode = await startAttached(name, options, context);
        return;
      }
      await forEachName(names, context, async (name) => {
        await startSandbox(await context.library(), name);
        context.stdout.write(`${name}\n`);
      });
    });
  declareAttachOptions(command).addHelpText(
    "after",
    examples("virtc start web", "virtc start -a job", "virtc start -ai shell"),
  );
}
