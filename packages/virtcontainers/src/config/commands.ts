import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { absolutePath, argument, flag, id, integer, text, texts } from "../validate.ts";
import { callFields } from "./call.ts";
import { listener, type OutputListener } from "./exec.ts";
import { type TerminalSize, TerminalSizeSchema } from "./terminal-size.ts";

/** How a command is started that goes on by itself. */
export interface CommandStartOptions extends CallOptions {
  /** Default: `main`, else the sandbox's first container. */
  container?: string | undefined;
  /** Added to the environment of the container. */
  env?: Readonly<Record<string, string>> | undefined;
  /** Where it begins: an absolute path; default: where the container does. */
  cwd?: string | undefined;
  /** Name or number, optionally `:group`; default: the container's. */
  user?: string | undefined;
  /** Keeps its standard input open, for any process to write to. Default: only with `tty`. */
  stdin?: boolean | undefined;
  /** A pseudo terminal; stderr goes with stdout then. */
  tty?: boolean | undefined;
  /** Of the terminal at its start. */
  size?: TerminalSize | undefined;
}

export const CommandStartOptionsSchema = v.strictObject({
  container: v.optional(id),
  env: v.optional(texts(text(4096), argument())),
  cwd: v.optional(absolutePath()),
  user: v.optional(text(256)),
  stdin: flag,
  tty: flag,
  size: v.optional(TerminalSizeSchema),
  ...callFields,
});

/** Which commands are listed. */
export interface CommandListOptions extends CallOptions {
  /** Default: those of all containers. */
  container?: string | undefined;
}

export const CommandListOptionsSchema = v.strictObject({
  container: v.optional(id),
  ...callFields,
});

const offset = v.optional(integer(0, Number.MAX_SAFE_INTEGER, "bytes"));

/** Where a command is looked for, and where reading of its output begins. */
export interface CommandConnectOptions extends CommandListOptions {
  /** Bytes of its stdout to leave out. Default 0: from its start. */
  stdoutOffset?: number | undefined;
  /** Bytes of its stderr to leave out. Default 0: from its start. */
  stderrOffset?: number | undefined;
}

export const CommandConnectOptionsSchema = v.strictObject({
  container: v.optional(id),
  stdoutOffset: offset,
  stderrOffset: offset,
  ...callFields,
});

/** Which output of a command is read. */
export interface CommandOutputOptions extends CallOptions {
  /** Goes on until the command has ended; false: only what is there already. Default true. */
  follow?: boolean | undefined;
  /** Bytes of its stdout to leave out. Default: as connected. */
  stdoutOffset?: number | undefined;
  /** Bytes of its stderr to leave out. Default: as connected. */
  stderrOffset?: number | undefined;
}

export const CommandOutputOptionsSchema = v.strictObject({
  follow: flag,
  stdoutOffset: offset,
  stderrOffset: offset,
  ...callFields,
});

/** How much of each stream is kept for a result: bytes. */
export const defaultMaxOutputBytes = 64 * 1024 * 1024;

/** What is told and kept of a command until it has ended. */
export interface CommandResultOptions extends CallOptions {
  /** How much of stdout, and of stderr, is kept: bytes, default 64 MiB; more is an error. */
  maxOutputBytes?: number | undefined;
  /** Is told what comes on stdout. */
  onStdout?: OutputListener | undefined;
  /** Is told what comes on stderr. */
  onStderr?: OutputListener | undefined;
}

export const CommandResultOptionsSchema = v.strictObject({
  maxOutputBytes: v.optional(integer(1, 4 * 1024 ** 3, "bytes")),
  onStdout: listener,
  onStderr: listener,
  ...callFields,
});

/** The id of a command; a container's first process has that of its container. */
export const CommandIdSchema = id;
