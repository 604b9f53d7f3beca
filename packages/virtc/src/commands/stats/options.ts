import type { Command } from "commander";

/** The options of statistics, as the parser gives them. */
export interface StatsOptions {
  stream: boolean;
  json?: boolean;
  interval: string;
}

export function declareStatsOptions(command: Command): Command {
  return command
    .option("--no-stream", "print them once, over a second")
    .option("--interval <duration>", "time between two measurements", "1s")
    .option("--json", "print JSON; one list a line while it goes on");
}
