import type { Command } from "commander";
import { collect } from "../../args/collect.ts";

/** The options of a command that is run in a container, as the parser gives them. */
export interface ExecOptions {
  detach?: boolean;
  interactive?: boolean;
  tty?: boolean;
  env: string[];
  envFile: string[];
  workdir?: string;
  user?: string;
  container?: string;
  detachKeys?: string;
}

/** Declares the options of `exec` and `container enter`. */
export function declareExecOptions(command: Command): Command {
  return command
    .option("-d, --detach", "run the command in the background; its output is not kept")
    .option("-i, --interactive", "pass standard input to the command")
    .option("-t, --tty", "give the command a terminal")
    .option("--detach-keys <keys>", "keys that detach (default: ctrl-p,ctrl-q)")
    .option("-e, --env <variable>", "NAME=value, or NAME to pass it on from here", collect, [])
    .option("--env-file <file>", "read environment variables from a file", collect, [])
    .option("-w, --workdir <dir>", "working directory in the container")
    .option("-u, --user <user>", "name or uid, optionally :group or :gid");
}
