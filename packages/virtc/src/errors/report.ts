import type { Context } from "../context.ts";
import { paint } from "../output/colour.ts";
import { safe } from "../output/safe.ts";
import { commandHint } from "./command-hint.ts";
import { inPlaceNames } from "./fields.ts";
import { Interrupted } from "./interrupted.ts";
import { isLibraryError } from "./library.ts";
import { OutputBroken } from "./output-broken.ts";
import { Unanswered } from "./unanswered.ts";
import { UsageError } from "./usage.ts";

/** Exit codes of virtc itself, the same as docker's. */
export const exitCodes = {
  failed: 125,
  notExecutable: 126,
  notFound: 127,
  /** As SIGPIPE ends other tools: 128 + 13. */
  brokenPipe: 141,
} as const;

/** What a failed command ends with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted || error instanceof Unanswered) return error.exitCode;
  if (error instanceof OutputBroken && error.brokenPipe) return exitCodes.brokenPipe;
  if (isLibraryError(error, "COMMAND_NOT_FOUND")) return exitCodes.notFound;
  if (isLibraryError(error, "COMMAND_NOT_EXECUTABLE")) return exitCodes.notExecutable;
  return exitCodes.failed;
}

/** Prints an error for a person, as `virtc: message` and what to do next, on stderr. */
export function report(error: unknown, context: Context): void {
  if (error instanceof Interrupted) return;
  if (error instanceof OutputBroken && error.brokenPipe) return;
  const { message, hint, consoleTail } = describe(error, context);
  const name = paint("red", "virtc:", context.stderr, context.env);
  let text = `${name} ${safe(message)}\n`;
  if (hint) text += `${safe(hint)}\n`;
  if (consoleTail)
    text += `The guest's console ended with:\n${indent(safe(consoleTail.trimEnd()))}\n`;
  context.stderr.write(text);
}

interface Description {
  message: string;
  hint?: string | undefined;
  consoleTail?: string | undefined;
}

function describe(error: unknown, context: Context): Description {
  if (error instanceof UsageError || error instanceof Unanswered)
    return { message: error.message, hint: error.hint };
  if (error instanceof OutputBroken) return { message: error.message };
  if (isLibraryError(error)) {
    const { consoleTail } = error;
    return { message: inPlaceNames(error), hint: commandHint(error) ?? error.hint, consoleTail };
  }
  if (error instanceof Error) {
    const hint =
      context.logLevel === undefined ? "`virtc --log-level debug` shows where." : error.stack;
    return { message: `unexpected error: ${error.message}`, hint };
  }
  return { message: `unexpected error: ${String(error)}` };
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
