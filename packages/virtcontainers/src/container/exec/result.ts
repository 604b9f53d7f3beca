import { printable, VirtError } from "../../errors.ts";
import type { ExecOutput } from "./output.ts";

/** How a command ended, and what it wrote. */
export interface ExecResult {
  /** The exit code, or 128 + the signal's number. */
  exitCode: number;
  /** As UTF-8; the bytes are beside it. */
  stdout: string;
  stderr: string;
  stdoutBytes: Uint8Array;
  stderrBytes: Uint8Array;
  /**
   * Whether some of the output may not be among it: more than was to be kept of what was read as a stream, or, of a command
   * in the background, than the log of its VM had room for.
   */
  truncated: boolean;
}

export interface ExecStreams {
  readonly stdout: ExecOutput;
  readonly stderr: ExecOutput;
}

export function execResult(exitCode: number, { stdout, stderr }: ExecStreams): ExecResult {
  const [stdoutBytes, stderrBytes] = [stdout.bytes(), stderr.bytes()];
  const texts = { stdout: stdoutBytes.toString("utf8"), stderr: stderrBytes.toString("utf8") };
  const truncated = stdout.isTruncated || stderr.isTruncated;
  return { exitCode, ...texts, stdoutBytes, stderrBytes, truncated };
}

/** Throws EXIT_CODE, with the last of what was said, unless a command has ended well. */
export function assertSuccess(
  [program]: readonly string[],
  exitCode: number,
  { stdout, stderr }: ExecStreams,
  sandboxId: string,
): void {
  if (exitCode === 0) return;
  const last = [stderr, stdout].map((output) => output.tail().toString().trim());
  const said = printable((last.find((text) => text !== "") ?? "").slice(-500));
  const message = `${program} ended with exit code ${exitCode}${said ? `: ${said}` : ""}`;
  throw new VirtError("EXIT_CODE", message, { sandboxId, exitCode });
}
