import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";

/** What a container's terminal is fed from has to be one. */
export function requireAttachable(
  { terminal = false, interactive }: { terminal?: boolean | undefined; interactive: boolean },
  { stdin }: Context,
): void {
  if (!terminal || !interactive || stdin.isTTY) return;
  throw new UsageError(
    "the container has a terminal, and standard input is none",
    "Run it in a terminal, or without standard input: `virtc attach --no-stdin`, `virtc start -a`.",
  );
}
