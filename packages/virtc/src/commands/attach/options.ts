import type { Command } from "commander";

/** How one is attached to a container, as the parser gives it. */
export interface AttachOptions {
  detachKeys?: string;
  sigProxy?: string;
}

export function declareAttachOptions(command: Command): Command {
  return command
    .option("--detach-keys <keys>", "keys that detach (default: ctrl-p,ctrl-q)")
    .option("--sig-proxy <truth>", "hand signals on to the container (default: true)");
}
