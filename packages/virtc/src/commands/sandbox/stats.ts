import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { ofSandboxes } from "../stats/measure.ts";
import { declareStatsOptions, type StatsOptions } from "../stats/options.ts";
import { showStats } from "../stats/run.ts";

export function define(group: Command, context: Context): void {
  const command = group
    .command("stats")
    .summary("show what sandboxes use of the host, live")
    .description(
      "Shows what sandboxes use of the host, VM and all, of every one that runs if none is named. On a\n" +
        "terminal it is redrawn until q or Ctrl-C. `virtc stats` shows their containers.",
    )
    .argument("[sandbox...]", "names of the sandboxes")
    .action(async (names: string[], options: StatsOptions) =>
      showStats(ofSandboxes(await context.library(), names), options, context),
    );
  declareStatsOptions(command).addHelpText(
    "after",
    examples("virtc sandbox stats", "virtc sandbox stats --no-stream --json pod1"),
  );
}
