import type { Command } from "commander";
import { parseSignal } from "../../args/signal.ts";
import type { Context } from "../../context.ts";
import { pickContainer } from "../../sandbox/pick-container.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

interface KillOptions {
  signal: string;
  container?: string;
}

export function define(program: Command, context: Context): void {
  program
    .command("kill")
    .summary("send a signal to containers")
    .description(
      "Sends a signal to the first process of containers; SIGKILL ends all their processes.",
    )
    .argument("<container...>", "names of the containers")
    .option("-s, --signal <signal>", "name or number of the signal", "KILL")
    .option("--container <id>", "which container, where the sandbox has several")
    .action((names: string[], options: KillOptions) => {
      const signal = parseSignal("--signal", options.signal);
      return forEachName(names, context, async (name) => {
        const library = await context.library();
        const status = await library.statusSandbox(name);
        const id = pickContainer(name, status.containersStatus, options.container);
        await library.killContainer(name, id, signal, signal === "SIGKILL" || signal === 9);
        context.stdout.write(`${name}\n`);
      });
    })
    .addHelpText("after", examples("virtc kill web", "virtc kill -s HUP web"));
}
