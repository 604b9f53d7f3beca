import type { Readable } from "node:stream";
import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { absolutePath, argument, flag, id, integer, text, texts } from "../validate.ts";
import { callFields } from "./call.ts";
import { type TerminalSize, TerminalSizeSchema } from "./terminal-size.ts";

/** What a command can read from. */
export type ExecInput =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>
  | Readable
  | ReadableStream<string | Uint8Array>;

/** Is told what a command writes, as UTF-8; a promise of it is awaited before it is told more. An error ends the command. */
export type OutputListener = (text: string) => unknown;

/** How a command is run. */
export interface ExecOptions extends CallOptions {
  /** Default: `main`, else the sandbox's first container. */
  container?: string | undefined;
  /** Added to the environment of the container. */
  env?: Readonly<Record<string, string>> | undefined;
  /** Where it begins: an absolute path; default: where the container does. */
  cwd?: string | undefined;
  /** Name or number, optionally `:group`; default: the container's. */
  user?: string | undefined;
  /** Written to the command's standard input, which is closed then. */
  stdin?: ExecInput | undefined;
  /** A pseudo terminal; stderr goes with stdout then. */
  tty?: boolean | undefined;
  /** Of the terminal at its start. */
  size?: TerminalSize | undefined;
  /** Throws EXIT_CODE when the exit code is not 0. */
  check?: boolean | undefined;
  /**
   * How much of stdout, and of stderr, is kept for the result: bytes. Default 64 MiB, and 1 MiB of a stream that is read
   * while nobody has awaited the handle yet.
   */
  maxOutputBytes?: number | undefined;
  /** Is told what comes on stdout. */
  onStdout?: OutputListener | undefined;
  /** Is told what comes on stderr. */
  onStderr?: OutputListener | undefined;
}

export const StreamSchema = v.picklist(["stdout", "stderr"], "it must be stdout or stderr");

export const listener = v.optional(
  v.custom<OutputListener>((input) => typeof input === "function", "it must be a function"),
);

export const ExecOptionsSchema = v.strictObject({
  container: v.optional(id),
  env: v.optional(texts(text(4096), argument())),
  cwd: v.optional(absolutePath()),
  user: v.optional(text(256)),
  stdin: v.optional(v.unknown()),
  tty: flag,
  size: v.optional(TerminalSizeSchema),
  check: flag,
  maxOutputBytes: v.optional(integer(1, 4 * 1024 ** 3, "bytes")),
  onStdout: listener,
  onStderr: listener,
  ...callFields,
});
