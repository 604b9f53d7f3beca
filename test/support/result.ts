import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";

/** How a program ended, and what it wrote. */
export interface Result {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  stdoutBytes: Buffer;
}

/** Gives a program its input, and waits for its end. */
export async function resultOf(
  child: ChildProcessWithoutNullStreams,
  input: string | Uint8Array,
): Promise<Result> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  await once(child, "close");
  const stdoutBytes = Buffer.concat(stdout);
  return {
    code: child.exitCode,
    signal: child.signalCode,
    stdout: stdoutBytes.toString(),
    stderr: Buffer.concat(stderr).toString(),
    stdoutBytes,
  };
}
