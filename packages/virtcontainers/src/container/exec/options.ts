import type { Readable } from "node:stream";
import * as v from "valibot";
import { Cmd } from "../../config/container.ts";
import type { CallOptions } from "../../deadline.ts";
import { invalidArgument } from "../../errors.ts";
import { absolutePath, argument, flag, id, integer, parse, text, texts } from "../../validate.ts";

/** What a command can read from. */
export type ExecInput =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>
  | Readable
  | ReadableStream<string | Uint8Array>;

export interface ExecOptions extends CallOptions {
  /** Default: `main`, else the sandbox's first container. */
  container?: string | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  /** Absolute. */
  cwd?: string | undefined;
  /** Name or number, optionally `:group`. */
  user?: string | undefined;
  /** Written to the command's standard input, which is closed then. */
  stdin?: ExecInput | undefined;
  /** A pseudo terminal; stderr goes with stdout then. */
  tty?: boolean | undefined;
  size?: { rows: number; columns: number } | undefined;
  /** Throws EXIT_CODE when the exit code is not 0. */
  check?: boolean | undefined;
  /** How much of stdout, and of stderr, is kept for the result: bytes, default 64 MiB. */
  maxOutputBytes?: number | undefined;
}

const Options = v.strictObject({
  container: v.optional(id),
  env: v.optional(texts(text(4096), argument())),
  cwd: v.optional(absolutePath()),
  user: v.optional(text(256)),
  stdin: v.optional(v.unknown()),
  tty: flag,
  size: v.optional(v.strictObject({ rows: integer(1, 65535), columns: integer(1, 65535) })),
  check: flag,
  maxOutputBytes: v.optional(integer(1, 4 * 1024 ** 3, "bytes")),
  signal: v.optional(v.instance(AbortSignal, "it must be an AbortSignal")),
  timeoutMs: v.optional(integer(1, 2 ** 31 - 1, "ms")),
});

/** The command that options of exec stand for. INVALID_ARGUMENT. */
export function execCommand(
  argv: readonly string[],
  options: ExecOptions,
  interactive: boolean,
): Cmd {
  if (!Array.isArray(argv)) {
    const shell = '["sh", "-c", "..."]';
    throw invalidArgument("argv", argv, `it must be a list of words; a shell is ${shell}`);
  }
  const checked = parse(Options, options, "options");
  const { env, cwd, user, tty, size } = checked;
  return parse(
    Cmd,
    {
      args: [...argv],
      envs: Object.entries(env ?? {}).map(([name, value]) => ({ var: name, value })),
      interactive,
      ...(cwd !== undefined && { workDir: cwd }),
      ...(user !== undefined && { user }),
      ...(tty !== undefined && { terminal: tty }),
      ...(size !== undefined && { consoleSize: { height: size.rows, width: size.columns } }),
    },
    "exec",
  );
}
