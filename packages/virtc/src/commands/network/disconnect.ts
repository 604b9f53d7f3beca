import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";

export function define(group: Command, context: Context): void {
  group
    .command("disconnect")
    .summary("take a running container out of a network")
    .description("Takes a running container out of a network; its other networks stay as they are.")
    .argument("<network>", "name of the network")
    .argument("<container>", "name of the container")
    .action(async (network: string, container: string) => {
      await (await context.library()).disconnectNetwork(container, network);
    })
    .addHelpText("after", examples("virtc network disconnect front web"));
}
