import { PassThrough } from "node:stream";
import type { LogRecord } from "@virtcontainers/agent-protocol";
import { drained } from "../../drained.ts";
import type { Command, CommandOutput } from "../commands/command.ts";
import type { ContainerFiles } from "../files/container-files.ts";
import type { Freezer } from "./freezer.ts";
import { Pipe, type Sink } from "./pipe.ts";

const sigkill = 9;
const sigterm = 15;
/** SIGCHLD, SIGCONT, SIGURG, SIGWINCH do nothing to who does not ask for them; stopping is not done here. */
const ignored = new Set([17, 18, 19, 20, 21, 22, 23, 28]);
const sigwinch = 28;
const maxLogPayload = 64 * 1024;

/** What a process is made from. */
export interface ProcessParts {
  containerId: string;
  execId: string;
  pid: number;
  command: Command;
  argv: readonly string[];
  env: readonly string[];
  cwd: string;
  user: string;
  terminal: { rows: number; columns: number } | undefined;
  hasInput: boolean;
  sink: Sink;
  /** Of the container that it is in, or of none. */
  place: { readonly freezer: Freezer; readonly files: ContainerFiles };
  log: (record: LogRecord) => void;
}

/** One process of the test guest: a function of this process, with pipes, signals and an exit code. */
export class GuestProcess {
  readonly execId: string;
  readonly pid: number;
  readonly terminal: { rows: number; columns: number } | undefined;
  readonly stdout: Pipe;
  readonly stderr: Pipe;
  /** Settles with the exit code, or 128 + the signal's number. */
  readonly exited: Promise<number>;
  /** When it was made, in seconds since 1970. */
  readonly startTimeS = BigInt(Math.floor(Date.now() / 1000));
  /** Somebody was told the exit code. */
  waited = false;
  /** It is read by offset, and so its client may come back for what it was told. */
  resumable = false;
  readonly #parts: ProcessParts;
  readonly #stdin = new PassThrough();
  readonly #handlers = new Map<number, () => void>();
  readonly #killed = new AbortController();
  #resolveExit: (code: number) => void = () => {};
  #exitCode: number | undefined;
  /** Nanoseconds since 1970; 0 before its end. */
  exitedAtNs = 0n;
  #startedAt: bigint | undefined;

  constructor(parts: ProcessParts) {
    this.#parts = parts;
    this.execId = parts.execId;
    this.pid = parts.pid;
    this.terminal = parts.terminal;
    this.stdout = new Pipe(parts.sink, (data) => this.#logOutput("stdout", data));
    this.stderr = new Pipe(parts.sink, (data) => this.#logOutput("stderr", data));
    this.exited = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
    this.#stdin.on("error", () => {});
    if (!parts.hasInput) this.#stdin.end();
  }

  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  get argv(): readonly string[] {
    return this.#parts.argv;
  }

  get user(): string {
    return this.#parts.user;
  }

  /** Since it was started. */
  get ranNs(): bigint {
    return this.#startedAt === undefined ? 0n : this.#parts.place.freezer.nowNs - this.#startedAt;
  }

  get isDone(): boolean {
    return !this.resumable && this.waited && this.stdout.isRead && this.stderr.isRead;
  }

  start(): void {
    if (this.#startedAt !== undefined || this.#exitCode !== undefined) return;
    this.#startedAt = this.#parts.place.freezer.nowNs;
    this.#run().then(
      (code) => this.#end(code & 255),
      async (error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        await this.#output(this.stderr)
          .write(`${this.#parts.argv[0]}: ${text}\n`)
          .catch(() => {});
        this.#end(1);
      },
    );
  }

  /** What the kernel and the agent make of a signal. */
  signal(number: number): void {
    if (this.#exitCode !== undefined) return;
    const handler = number === sigkill ? undefined : this.#handlers.get(number);
    if (handler !== undefined) {
      handler();
      return;
    }
    if (ignored.has(number)) return;
    // The first process of a pid namespace feels only what it asked for; for SIGTERM the agent sends SIGKILL then.
    const effect = number === sigterm && this.execId === "" ? sigkill : number;
    if (this.execId === "" && effect !== sigkill) return;
    this.#end(128 + effect);
  }

  resize(rows: number, columns: number): void {
    if (this.terminal === undefined) return;
    Object.assign(this.terminal, { rows, columns });
    this.signal(sigwinch);
  }

  /** False if nobody can read it any more. */
  async writeStdin(data: Uint8Array, signal: AbortSignal): Promise<boolean> {
    if (this.#stdin.writableEnded || this.#stdin.destroyed) return false;
    if (!this.#stdin.write(Buffer.from(data))) await drained(this.#stdin, signal);
    return !this.#stdin.destroyed;
  }

  closeStdin(): void {
    this.#stdin.end();
  }

  switchOutput(sink: Sink): void {
    this.stdout.switchTo(sink);
    this.stderr.switchTo(sink);
  }

  async #run(): Promise<number> {
    const { argv, env, cwd, user, containerId, execId, command, place } = this.#parts;
    const stdout = this.#output(this.stdout);
    return await command({
      argv,
      args: argv.slice(1),
      env: Object.fromEntries(env.map((entry) => splitAt(entry, entry.indexOf("=")))),
      cwd,
      user,
      containerId,
      execId,
      files: place.files,
      stdin: this.#stdin,
      stdout,
      stderr: this.terminal === undefined ? this.#output(this.stderr) : stdout,
      signal: this.#killed.signal,
      terminal: this.terminal,
      onSignal: (number, handler) => this.#handlers.set(number, handler),
    });
  }

  #output(pipe: Pipe): CommandOutput {
    return {
      write: (data) => {
        const written = this.#parts.place.freezer
          .pass()
          .then(() => pipe.write(Buffer.from(data), this.#killed.signal));
        // Who does not await it learns nothing, and that is no fault.
        written.catch(() => {});
        return written;
      },
    };
  }

  #end(code: number): void {
    if (this.#exitCode !== undefined) return;
    this.#exitCode = code;
    this.exitedAtNs = BigInt(Date.now()) * 1_000_000n;
    this.#killed.abort(new Error(`the process has ended with ${code}`));
    this.#stdin.destroy();
    this.stdout.end();
    this.stderr.end();
    if (this.stdout.sink === "log" || this.execId === "") {
      this.#parts.log({ ...this.#origin(), stream: "exit", status: code });
    }
    this.#resolveExit(code);
  }

  #logOutput(stream: "stdout" | "stderr", data: Uint8Array): void {
    for (let at = 0; at < data.length; at += maxLogPayload) {
      const piece = data.subarray(at, at + maxLogPayload);
      this.#parts.log({ ...this.#origin(), stream, data: piece });
    }
  }

  #origin(): { containerId: string; execId: string; timeNs: bigint } {
    const { containerId, execId } = this.#parts;
    return { containerId, execId, timeNs: BigInt(Date.now()) * 1_000_000n };
  }
}

function splitAt(text: string, at: number): [string, string] {
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
