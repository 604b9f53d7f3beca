import type { ExecOptions } from "../../config/exec.ts";
import { invalidArgument } from "../../errors.ts";
import { type ExecHandle, startExec } from "../exec/handle.ts";
import type { ExecSandbox } from "../exec/sandbox.ts";
import { type ShellWords, shellScript } from "./script.ts";

/** Runs the script of a template, and throws EXIT_CODE where that fails. */
export type ShellTag = (strings: TemplateStringsArray, ...values: ShellWords[]) => ExecHandle;

/** A script that is run as a template, or options for one. */
export interface Shell {
  (strings: TemplateStringsArray, ...values: ShellWords[]): ExecHandle;
  (options: ExecOptions): ShellTag;
}

/** The shell form of running commands in a sandbox. */
export function shellOf(sandbox: ExecSandbox): Shell {
  const run =
    (options: ExecOptions): ShellTag =>
    ({ raw }, ...values) =>
      startExec(sandbox, ["sh", "-c", shellScript(raw, values)], { check: true, ...options });
  function shell(strings: TemplateStringsArray, ...values: ShellWords[]): ExecHandle;
  function shell(options: ExecOptions): ShellTag;
  function shell(
    first: TemplateStringsArray | ExecOptions,
    ...values: ShellWords[]
  ): ExecHandle | ShellTag {
    if (isTemplate(first)) return run({})(first, ...values);
    if (typeof first === "object" && first !== null && !Array.isArray(first)) return run(first);
    throw invalidArgument(
      "sh",
      first,
      "it is used as a template, as in sandbox.sh`ls`, or called with options before that",
    );
  }
  return shell;
}

function isTemplate(first: unknown): first is TemplateStringsArray {
  return Array.isArray(first) && "raw" in first && Array.isArray(first.raw);
}
