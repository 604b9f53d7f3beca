import type { Command } from "commander";
import { declareFormat } from "../../listing/options.ts";
import { statsView } from "./view.ts";

/** The options of statistics, as the parser gives them. */
export interface StatsOptions {
  stream: boolean;
  json?: boolean;
  interval: string;
  format?: string;
  /** False with --no-trunc, which leaves all as it is: nothing is cut. */
  trunc?: boolean;
}

export function declareStatsOptions(command: Command): Command {
  command
    .option("--no-stream", "print them once, over a second")
    .option("--interval <duration>", "time between two measurements", "1s")
    .option("--json", "print JSON; one list a line while it goes on")
    .option("--no-trunc", "leave nothing out of long values, which is so anyway");
  return declareFormat(command, statsView);
}
