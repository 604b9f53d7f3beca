import { Readable, type Writable } from "node:stream";
import {
  type CommandConnectOptions,
  type CommandOutputOptions,
  CommandOutputOptionsSchema,
  type CommandResultOptions,
  CommandResultOptionsSchema,
  defaultMaxOutputBytes,
} from "../../config/commands.ts";
import { StreamSchema } from "../../config/exec.ts";
import type { CallOptions } from "../../deadline.ts";
import { isVirtError } from "../../errors.ts";
import type { Signal } from "../../signals.ts";
import { parse } from "../../validate.ts";
import { readLines } from "../exec/lines.ts";
import type { ExecResult } from "../exec/result.ts";
import type { ExecSandbox } from "../exec/sandbox.ts";
import type { CommandInfo } from "../process/command-info.ts";
import { findCommand } from "../process/find-command.ts";
import { ioStream } from "../verbs/io-stream.ts";
import { signalProcess } from "../verbs/kill.ts";
import { waitProcess } from "../verbs/wait.ts";
import { winsizeProcess } from "../verbs/winsize.ts";
import { bytesOf } from "./bytes.ts";
import { openedLate } from "./input.ts";
import { type CommandChunk, commandOutput } from "./output.ts";
import { commandResult } from "./result.ts";

let construct: (sandbox: ExecSandbox, info: CommandInfo, offsets: CommandConnectOptions) => Command;

/** A command that is there, for a caller. */
export function openCommand(
  sandbox: ExecSandbox,
  info: CommandInfo,
  offsets: CommandConnectOptions = {},
): Command {
  return construct(sandbox, info, offsets);
}

/**
 * A command that goes on by itself, seen from this process. Any number of them may read its output, write to it and wait
 * for it; it goes on when they end. Its output stands in the log of its VM, and never waits for a reader.
 */
export class Command implements AsyncIterable<CommandChunk> {
  static {
    construct = (sandbox, info, offsets) => new Command(sandbox, info, offsets);
  }

  readonly #sandbox: ExecSandbox;
  readonly #info: CommandInfo;
  readonly #offsets: CommandConnectOptions;
  #stdin: Writable | undefined;

  private constructor(sandbox: ExecSandbox, info: CommandInfo, offsets: CommandConnectOptions) {
    this.#sandbox = sandbox;
    this.#info = info;
    this.#offsets = offsets;
  }

  /** Names it in its sandbox, for commands.connect. */
  get id(): string {
    return this.#info.id;
  }

  /** The id of its container. */
  get container(): string {
    return this.#info.container;
  }

  /** Its process in the guest; 0 if it is not known. */
  get pid(): number {
    return this.#info.pid;
  }

  /** As it was when it was started or connected to. */
  get info(): CommandInfo {
    return this.#info;
  }

  /** As it is now. PROCESS_NOT_FOUND once it is forgotten. */
  async status(options: CallOptions = {}): Promise<CommandInfo> {
    const how = { name: "commands.status", holding: "moment" } as const;
    return await this.#sandbox.run(how, options, findCommand(this.id, this.container));
  }

  /** What it has written and writes, until it has ended; without `follow` what is there. SANDBOX_DEAD if its VM ends before. */
  async *output(options: CommandOutputOptions = {}): AsyncGenerator<CommandChunk> {
    const checked = parse(CommandOutputOptionsSchema, options, "options");
    const { stdoutOffset, stderrOffset } = this.#offsets;
    const reading = { stdoutOffset, stderrOffset, ...checked };
    for await (const chunk of commandOutput(this.#sandbox, this.#info, reading))
      if (chunk.stream !== "end") yield chunk;
  }

  [Symbol.asyncIterator](): AsyncGenerator<CommandChunk> {
    return this.output();
  }

  /** The lines of stdout or stderr, without their ends, until it has ended. NO_SPACE for one longer than 64 MiB. */
  async *lines(
    stream: "stdout" | "stderr" = "stdout",
    options: CommandOutputOptions = {},
  ): AsyncGenerator<string> {
    yield* readLines(
      this.#bytes(parse(StreamSchema, stream, "stream"), options),
      defaultMaxOutputBytes,
    );
  }

  get stdout(): ReadableStream<Uint8Array> {
    return Readable.toWeb(this.#bytes("stdout")) as ReadableStream<Uint8Array>;
  }

  get stderr(): ReadableStream<Uint8Array> {
    return Readable.toWeb(this.#bytes("stderr")) as ReadableStream<Uint8Array>;
  }

  /** Its standard input, if that was kept open; ending it here ends it for all. */
  get stdin(): Writable {
    this.#stdin ??= openedLate(async () => {
      const { id, container, terminal } = this.#info;
      const how = { name: "commands.stdin", holding: "moment" } as const;
      const verb = ioStream(container, id, {}, terminal);
      const { stdin, stdout, stderr } = await this.#sandbox.run(how, {}, verb);
      stdout.destroy();
      stderr.destroy();
      return stdin;
    });
    return this.#stdin;
  }

  /** Sends a signal; SIGKILL by default. A command that has ended already is no error. */
  async kill(signal: Signal = "SIGKILL", options: CallOptions = {}): Promise<void> {
    const how = { name: "signalProcess", holding: "shared" } as const;
    try {
      await this.#sandbox.run(how, options, (held) =>
        signalProcess(held, this.container, this.id, signal, false),
      );
    } catch (error) {
      if (!isVirtError(error, "PROCESS_NOT_FOUND")) throw error;
    }
  }

  /** Tells the terminal its size. */
  async resize(size: { rows: number; columns: number }, options: CallOptions = {}): Promise<void> {
    const verb = winsizeProcess(this.container, this.id, size.rows, size.columns);
    await this.#sandbox.run({ name: "winsizeProcess", holding: "shared" }, options, verb);
  }

  /** Waits for its end: the exit code, or 128 + the signal's number. No deadline unless one is given. */
  async wait(options: CallOptions = {}): Promise<number> {
    if (this.#info.exitCode !== undefined) return this.#info.exitCode;
    const { container, id } = this;
    if (this.#info.output !== "log") {
      const how = { name: "waitProcess", holding: "moment", timeoutMs: undefined } as const;
      return await this.#sandbox.run(how, options, (held) => waitProcess(held, container, id));
    }
    const end = Number.MAX_SAFE_INTEGER;
    const reading = { ...options, stdoutOffset: end, stderrOffset: end };
    for await (const chunk of commandOutput(this.#sandbox, this.#info, reading))
      if (chunk.stream === "end") return chunk.exitCode;
    throw new Error("output that is followed tells its end, or fails");
  }

  /** Waits for its end, with all that it has written since its start. No deadline unless one is given. */
  async result(options: CommandResultOptions = {}): Promise<ExecResult> {
    const checked = parse(CommandResultOptionsSchema, options, "options");
    return await commandResult(this.#sandbox, this.#info, checked);
  }

  #bytes(stream: "stdout" | "stderr", options: CommandOutputOptions = {}): Readable {
    return bytesOf(stream, options, (reading) => this.output(reading));
  }
}
