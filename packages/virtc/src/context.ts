import type { EventEmitter } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { Library, LibraryOptions } from "./library.ts";

export type Output = Writable & { isTTY?: boolean; columns?: number; rows?: number };
export type Input = Readable & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };

/** All that a command touches; handed in, so that tests can watch it. */
export interface Context {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Makes the terminal show output as it is, which raw mode leaves out; the end of raw mode undoes it. */
  rawOutput(): void;
  /** Where signals to this process arrive, by their names. */
  readonly signals: EventEmitter;
  /** Loads the library; only the first call's options count. */
  library(options?: LibraryOptions): Promise<Library>;
  /** From --log-level or VIRTC_LOG_LEVEL; undefined: no log. */
  logLevel: string | undefined;
  /** What the process ends with if nothing fails. */
  exitCode: number;
}
