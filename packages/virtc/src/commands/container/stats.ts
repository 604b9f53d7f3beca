import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { ofContainers } from "../stats/measure.ts";
import { declareStatsOptions, type StatsOptions } from "../stats/options.ts";
import { showStats } from "../stats/run.ts";

export function define(group: Command, context: Context): void {
  const command = group
    .command("stats")
    .summary("show what containers of a sandbox use, live")
    .description(
      "Shows what containers of a sandbox use, of all if none is named. On a terminal it is redrawn until\n" +
        "q or Ctrl-C.",
    )
    .argument("<sandbox>", "name of the sandbox")
    .argument("[container...]", "names of the containers")
    .action(async (sandbox: string, names: string[], options: StatsOptions) =>
      showStats(ofContainers(await context.library(), [sandbox], names), options, context),
    );
  declareStatsOptions(command).addHelpText(
    "after",
    examples("virtc container stats pod1", "virtc container stats --no-stream --json pod1 web"),
  );
}
