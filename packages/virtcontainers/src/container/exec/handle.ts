import { PassThrough, Readable, type Writable } from "node:stream";
import { defaultMaxOutputBytes } from "../../config/commands.ts";
import { type ExecOptions, StreamSchema } from "../../config/exec.ts";
import { type CallOptions, Deadline } from "../../deadline.ts";
import { isVirtError, VirtError, withDetails } from "../../errors.ts";
import type { Signal } from "../../signals.ts";
import { parse } from "../../validate.ts";
import type { CommandInfo } from "../process/command-info.ts";
import { findCommand } from "../process/find-command.ts";
import { type StartedCommand, startCommand } from "../verbs/exec.ts";
import { signalProcess } from "../verbs/kill.ts";
import { winsizeProcess } from "../verbs/winsize.ts";
import { feed } from "./input.ts";
import { readLines } from "./lines.ts";
import { listen } from "./listen.ts";
import { merged } from "./merged.ts";
import { execCommand } from "./options.ts";
import { type ExecChunk, ExecOutput } from "./output.ts";
import { assertSuccess, type ExecResult, type ExecStreams, execResult } from "./result.ts";
import { defaultContainer, type ExecSandbox } from "./sandbox.ts";

interface Running extends StartedCommand {
  containerId: string;
  /** Rejects if what the command is given can't be read. */
  inputFailed: Promise<never>;
}

/** What is kept of a stream that somebody reads, while nobody has asked for the result. */
const keptOfRead = 1024 * 1024;

let construct: (sandbox: ExecSandbox, argv: readonly string[], options: ExecOptions) => ExecHandle;

/** Begins to run a command. */
export function startExec(
  sandbox: ExecSandbox,
  argv: readonly string[],
  options: ExecOptions,
): ExecHandle {
  return construct(sandbox, argv, options);
}

/**
 * A command that runs in a container. Await it for the result, iterate over it for the output as it comes,
 * or use its streams; with `check`, each of these throws EXIT_CODE at its end. An abort or deadline kills it in the
 * guest before the handle rejects; the error has its output until then. Who leaves a loop early leaves the command
 * running, so that one can wait for a line and go on: `kill` ends it.
 */
export class ExecHandle implements PromiseLike<ExecResult>, AsyncIterable<ExecChunk> {
  readonly #sandbox: ExecSandbox;
  readonly #argv: readonly string[];
  readonly #options: ExecOptions;
  readonly #stdout: ExecOutput;
  readonly #stderr: ExecOutput;
  readonly #running: Promise<Running>;
  /** Settles when those who are told of the output have heard all of it. */
  readonly #heard: Promise<unknown>;
  readonly #ended: Promise<number>;
  #result: Promise<ExecResult> | undefined;
  #check: boolean;
  #stdin: PassThrough | undefined;
  #started = false;

  static {
    construct = (sandbox, argv, options) => new ExecHandle(sandbox, argv, options);
  }

  private constructor(sandbox: ExecSandbox, argv: readonly string[], options: ExecOptions) {
    this.#sandbox = sandbox;
    this.#argv = argv;
    this.#options = options;
    this.#check = options.check ?? false;
    const limit = options.maxOutputBytes ?? defaultMaxOutputBytes;
    const ifRead = options.maxOutputBytes ?? keptOfRead;
    this.#stdout = new ExecOutput("stdout", limit, ifRead);
    this.#stderr = new ExecOutput("stderr", limit, ifRead);
    const { onStdout, onStderr } = options;
    this.#heard = Promise.all([
      onStdout === undefined ? undefined : listen(this.#stdout.reader(), onStdout),
      onStderr === undefined ? undefined : listen(this.#stderr.reader(), onStderr),
    ]);
    this.#heard.catch(() => {});
    const deadline = new Deadline(options, undefined, "exec");
    // Started a moment later, so that a caller who takes `stdin` at once gets an open one.
    this.#running = Promise.resolve().then(() => this.#start(deadline));
    this.#ended = this.#finish(deadline);
    this.#running.catch(() => {});
    this.#ended.catch(() => {});
  }

  /** Takes an exit code as data, whatever `check` says. To be called before the command has ended: right after its start. */
  nothrow(): this {
    this.#check = false;
    return this;
  }

  /** The command's standard input; take it right after exec, before the first await. */
  get stdin(): Writable {
    if (this.#stdin === undefined && (this.#started || this.#options.stdin !== undefined)) {
      throw new VirtError(
        "INVALID_STATE",
        "the command was started without an open standard input",
        {
          hint: "Take handle.stdin right after exec(), and do not give the option stdin.",
        },
      );
    }
    this.#stdin ??= new PassThrough();
    return this.#stdin;
  }

  get stdout(): ReadableStream<Uint8Array> {
    return this.#stream(this.#stdout);
  }

  get stderr(): ReadableStream<Uint8Array> {
    return this.#stream(this.#stderr);
  }

  /** The lines of stdout or stderr, without their ends. NO_SPACE for one that is longer than `maxOutputBytes`. */
  async *lines(stream: "stdout" | "stderr" = "stdout"): AsyncGenerator<string> {
    const { maxOutputBytes = defaultMaxOutputBytes } = this.#options;
    const output = parse(StreamSchema, stream, "stream") === "stdout" ? this.#stdout : this.#stderr;
    yield* readLines(output.reader(), maxOutputBytes);
    await this.#checkedEnd();
  }

  /** As it is now: its id, its process in the guest and more. PROCESS_NOT_FOUND when the guest has forgotten it. */
  async status(options: CallOptions = {}): Promise<CommandInfo> {
    const { containerId, processId } = await this.#running;
    const how = { name: "commands.status", holding: "moment" } as const;
    return await this.#sandbox.run(how, options, findCommand(processId, containerId));
  }

  /** Sends a signal; SIGKILL by default. A command that has ended already is no error. */
  async kill(signal: Signal = "SIGKILL"): Promise<void> {
    const { containerId, processId } = await this.#running;
    try {
      await this.#signal(containerId, processId, signal);
    } catch (error) {
      if (!isVirtError(error, "PROCESS_NOT_FOUND")) throw error;
    }
  }

  /** Tells the terminal its size. */
  async resize(size: { rows: number; columns: number }): Promise<void> {
    const { containerId, processId } = await this.#running;
    const verb = winsizeProcess(containerId, processId, size.rows, size.columns);
    await this.#sandbox.run({ name: "winsizeProcess", holding: "shared" }, {}, verb);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ExecChunk> {
    const [stdout, stderr] = [this.#stdout.reader(), this.#stderr.reader()];
    yield* merged({ stdout, stderr }) as AsyncIterable<ExecChunk>;
    await this.#checkedEnd();
  }

  // biome-ignore lint/suspicious/noThenProperty: the handle is meant to be awaited
  then<A = ExecResult, B = never>(
    onfulfilled?: ((value: ExecResult) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#wanted().then(onfulfilled, onrejected);
  }

  catch<B = never>(
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<ExecResult | B> {
    return this.#wanted().catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<ExecResult> {
    return this.#wanted().finally(onfinally);
  }

  /** The result, which is put together only if somebody asks for it. */
  #wanted(): Promise<ExecResult> {
    this.#stdout.want();
    this.#stderr.want();
    this.#result ??= this.#ended.then((exitCode) => execResult(exitCode, this.#streams));
    return this.#result;
  }

  #stream(output: ExecOutput): ReadableStream<Uint8Array> {
    const reader = output.reader();
    if (!this.#check) return Readable.toWeb(reader) as ReadableStream<Uint8Array>;
    const end = (): Promise<void> => this.#checkedEnd();
    const checked = async function* () {
      yield* reader as AsyncIterable<Uint8Array>;
      await end();
    };
    const bytes = Readable.from(checked(), { objectMode: false });
    return Readable.toWeb(bytes) as ReadableStream<Uint8Array>;
  }

  /** With `check`, output is whole only once the command has ended well. */
  async #checkedEnd(): Promise<void> {
    if (this.#check) await this.#ended;
  }

  async #start(deadline: Deadline): Promise<Running> {
    this.#started = true;
    const { signal } = deadline;
    const interactive = this.#stdin !== undefined || this.#options.stdin !== undefined;
    const cmd = execCommand(this.#argv, this.#options, interactive);
    const containerId = this.#options.container ?? defaultContainer(this.#sandbox);
    const start = startCommand(containerId, cmd);
    const started = await this.#sandbox.run({ name: "exec", holding: "shared" }, { signal }, start);
    const { io } = started;
    io.stdin.on("error", () => {});
    const inputFailed = feed(this.#stdin ?? this.#options.stdin, io.stdin);
    inputFailed.catch(() => {});
    return { ...started, containerId, inputFailed };
  }

  async #finish(deadline: Deadline): Promise<number> {
    using _timer = deadline;
    let running: Running | undefined;
    try {
      running = await this.#running;
      const { inputFailed } = running;
      const unheard = this.#heard.then(() => inputFailed);
      const outcome = Promise.race([this.#collect(running), inputFailed, unheard]);
      const exitCode = await deadline.race(outcome);
      this.#stdout.end();
      this.#stderr.end();
      await deadline.race(this.#heard);
      if (this.#check) assertSuccess(this.#argv, exitCode, this.#streams, this.#sandbox.id);
      return exitCode;
    } catch (error) {
      const told = isVirtError(error, "EXIT_CODE") ? error : await end(running, error);
      const failure = told instanceof Error ? told : new Error(String(told));
      this.#stdout.end(failure);
      this.#stderr.end(failure);
      throw running === undefined ? told : this.#withOutput(told);
    }
  }

  #withOutput(error: unknown): unknown {
    if (!isVirtError(error)) return error;
    const [stdout, stderr] = [this.#stdout, this.#stderr].map((output) =>
      output.bytes().toString(),
    );
    return withDetails(error, { stdout, stderr });
  }

  get #streams(): ExecStreams {
    return { stdout: this.#stdout, stderr: this.#stderr };
  }

  async #collect({ io, wait }: Running): Promise<number> {
    const [exitCode] = await Promise.all([
      wait(),
      this.#stdout.drain(io.stdout),
      this.#stderr.drain(io.stderr),
    ]);
    return exitCode;
  }

  async #signal(
    containerId: string,
    processId: string,
    signal: Signal,
    options: CallOptions = {},
  ): Promise<void> {
    const how = { name: "signalProcess", holding: "shared" } as const;
    await this.#sandbox.run(how, options, (held) =>
      signalProcess(held, containerId, processId, signal, false),
    );
  }
}

/** Sees to it that the command does not outlive its handle, and gives the error that the caller gets. */
async function end(running: Running | undefined, reason: unknown): Promise<unknown> {
  if (running === undefined) return reason;
  const told = await running.end(reason);
  const { stdin, stdout, stderr } = running.io;
  for (const stream of [stdin, stdout, stderr]) stream.destroy();
  return told;
}
