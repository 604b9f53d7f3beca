import type { Command } from "commander";
import { keysOf } from "../../args/detach-keys.ts";
import { parseTruth } from "../../args/truth.ts";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { pickContainer } from "../../sandbox/pick-container.ts";
import { SignalRelay } from "../../terminal/signals.ts";
import { examples } from "../examples.ts";
import { attachByLog } from "./by-log.ts";
import { type AttachOptions, declareAttachOptions } from "./options.ts";
import { requireAttachable } from "./requirements.ts";

interface Options extends AttachOptions {
  /** False with --no-stdin. */
  stdin: boolean;
  container?: string;
}

export function define(program: Command, context: Context): void {
  const command = program
    .command("attach")
    .summary("connect the terminal with a running container")
    .description(
      "Shows what a running container writes from now on, and of a terminal the last of what it has shown.\n" +
        "Standard input goes to a container that was made with -i. Ctrl-P Ctrl-Q detaches; the exit code is\n" +
        "the container's.",
    )
    .argument("<container>", "name of the container")
    .option("--no-stdin", "leave standard input out")
    .option("--container <id>", "which container, where the sandbox has several")
    .action(async (name: string, options: Options) => {
      context.exitCode = await attachTo(name, options, context);
    });
  declareAttachOptions(command).addHelpText(
    "after",
    examples("virtc attach web", "virtc attach --no-stdin --sig-proxy=false web"),
  );
}

async function attachTo(name: string, options: Options, context: Context): Promise<number> {
  const how = {
    detachKeys: keysOf(options),
    sigProxy: parseTruth("--sig-proxy", options.sigProxy ?? "true"),
  };
  const relay = new SignalRelay(context.signals);
  try {
    const library = await context.library();
    const status = await library.statusSandbox(name);
    const id = pickContainer(name, status.containersStatus, options.container);
    const container = status.containersStatus.find((one) => one.id === id);
    if (container?.state !== "running") {
      throw new UsageError(`${name} does not run`, `Start it: \`virtc start -a ${name}\`.`);
    }
    if (!container.logged) {
      throw new UsageError(
        `what ${name} writes goes to the virtc that runs it`,
        "Detach that one by Ctrl-P Ctrl-Q, or run it with --detach.",
      );
    }
    const interactive = options.stdin && container.interactive;
    requireAttachable({ terminal: container.terminal, interactive }, context);
    const attachment = { name, id, began: "now", interactive, keepsInput: true, ...how } as const;
    const ending = await attachByLog(attachment, library, relay, context);
    return ending.code;
  } catch (error) {
    throw relay.causeOf(error);
  } finally {
    relay[Symbol.dispose]();
  }
}
