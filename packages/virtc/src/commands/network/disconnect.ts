import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";

export function define(group: Command, context: Context): void {
  group
    .command("disconnect")
    .summary("take a container out of a network")
    .description(
      "Takes a container's VM out of a network: at once where it runs, and for all its starts.",
    )
    .argument("<network>", "name of the network")
    .argument("<container>", "name of the container")
    .option("-f, --force", "at once, also where the VM does not let go of the link")
    .action(async (network: string, name: string, { force = false }: { force?: boolean }) => {
      await (await context.library()).disconnectNetwork(name, network, { force });
      context.stdout.write(`${name}\n`);
    })
    .addHelpText("after", examples("virtc network disconnect front web"));
}
