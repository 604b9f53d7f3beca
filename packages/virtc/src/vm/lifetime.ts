import { type Command, Option } from "commander";
import type { Lifetime } from "virtcontainers";
import { parseDuration } from "../args/duration.ts";
import { optional } from "../args/optional.ts";
import { badValue } from "../errors/usage.ts";

/** The options that say when a VM ends by itself, as the parser gives them. */
export interface LifetimeOptions {
  timeout?: string;
  idleTimeout?: string;
  onTimeout?: "stop" | "delete";
}

/** Less is a mistake: the boot of a VM is longer. */
const leastMs = 1000;

/** Declares the options that say when a VM ends by itself. */
export function declareLifetimeOptions(command: Command): Command {
  return command
    .optionsGroup("Lifetime:")
    .option("--timeout <duration>", "the VM ends by itself after this time, whoever is there")
    .option("--idle-timeout <duration>", "the VM ends by itself when nobody uses it for so long")
    .addOption(
      new Option("--on-timeout <what>", "what becomes of the sandbox then (default: stop)").choices(
        ["stop", "delete"],
      ),
    );
}

/** When the VM ends by itself; undefined: it was not said. */
export function parseLifetime(options: LifetimeOptions): Lifetime | undefined {
  const timeoutMs = optional(options.timeout, (text) => parseLasting("--timeout", text));
  const idleTimeoutMs = optional(options.idleTimeout, (text) =>
    parseLasting("--idle-timeout", text),
  );
  if (timeoutMs !== undefined || idleTimeoutMs !== undefined)
    return { timeoutMs, idleTimeoutMs, onTimeout: options.onTimeout };
  if (options.onTimeout === undefined) return undefined;
  throw badValue("--on-timeout", options.onTimeout, "it needs --timeout or --idle-timeout");
}

/** Milliseconds of a duration that a VM can keep. */
export function parseLasting(option: string, text: string): number {
  const ms = parseDuration(option, text);
  if (ms < leastMs) throw badValue(option, text, "a VM lasts a second at least");
  return ms;
}
