import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { ofContainers } from "./measure.ts";
import { declareStatsOptions, type StatsOptions } from "./options.ts";
import { showStats } from "./run.ts";

export function define(program: Command, context: Context): void {
  const command = program
    .command("stats")
    .summary("show what containers use of CPU, memory, network and disks, live")
    .description(
      "Shows what containers use, of all that run if none is named. On a terminal it is redrawn until q\n" +
        "or Ctrl-C; elsewhere one table follows the other. CPU is in percent of one CPU; memory is\n" +
        "without what the kernel can take back at once.",
    )
    .argument("[container...]", "names of the containers")
    .action(async (names: string[], options: StatsOptions) =>
      showStats(ofContainers(await context.library(), names), options, context),
    );
  declareStatsOptions(command).addHelpText(
    "after",
    examples("virtc stats", "virtc stats --no-stream web", "virtc stats --no-stream --json"),
  );
}
