import type { Command } from "commander";
import { parseDuration } from "../../args/duration.ts";
import type { Context } from "../../context.ts";

/** The options of lists of processes, as the parser gives them. */
export interface TopOptions {
  live?: boolean;
  interval: string;
  json?: boolean;
}

export function declareTopOptions(command: Command): Command {
  return command
    .option("--live", "go on until Ctrl-C, also where the output is no terminal")
    .option("--no-live", "print it once, also on a terminal")
    .option("--interval <duration>", "time between two looks", "2s")
    .option("--json", "print JSON; one list a line while it goes on");
}

/** Live on a terminal unless it is said otherwise. */
export function parseTop(
  options: TopOptions,
  { stdout }: Context,
): { stream: boolean; json: boolean; intervalMs: number } {
  const json = options.json ?? false;
  return {
    stream: options.live ?? (stdout.isTTY === true && !json),
    json,
    intervalMs: parseDuration("--interval", options.interval),
  };
}
