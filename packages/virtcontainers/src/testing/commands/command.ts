import type { ContainerFiles } from "../files/container-files.ts";

/** Where a command writes. */
export interface CommandOutput {
  /** Settles when the pipe has taken it, so awaiting it gives back-pressure; rejects once the command was killed. */
  write(data: string | Uint8Array): Promise<void>;
}

/** One run of a command in the guest. */
export interface CommandRun {
  /** Without the command's own name. */
  args: readonly string[];
  /** The command's name as it was called, and the arguments. */
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** As asked for; empty for root. */
  user: string;
  containerId: string;
  /** Empty for a container's first process. */
  execId: string;
  /** Of the container: what a copy out of it gives, and what one into it has brought. */
  files: ContainerFiles;
  stdin: AsyncIterable<Uint8Array>;
  stdout: CommandOutput;
  stderr: CommandOutput;
  /** Aborts when the process is killed; its exit code is settled then, whatever the command returns. */
  signal: AbortSignal;
  /** The terminal's present size; undefined without a terminal. */
  terminal: { readonly rows: number; readonly columns: number } | undefined;
  /** Takes a signal by number instead of its default effect; SIGKILL and SIGSTOP can't be taken. */
  onSignal(number: number, handler: () => void): void;
}

/** A program of the test guest: gets what a process gets, and returns its exit code. */
export type Command = (run: CommandRun) => number | Promise<number>;

/** Programs by name; `"not-executable"` is a file without the right to execute it. */
export type Commands = Readonly<Record<string, Command | "not-executable">>;

/** Waits until the process is killed. */
export function untilKilled(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
