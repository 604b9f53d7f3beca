import type { Context } from "../context.ts";
import { UsageError } from "../errors/usage.ts";

/** A terminal in the container that is fed from a file or pipe would echo and translate what it gets. */
export function requireTerminal(
  options: { tty?: boolean; interactive?: boolean; detach?: boolean },
  context: Context,
): void {
  if (options.tty && options.interactive && !options.detach && !context.stdin.isTTY) {
    throw new UsageError(
      "-i together with -t needs a terminal on standard input, and it is none",
      "Leave out -t to pass standard input on as it is.",
    );
  }
}
