import { finished } from "node:stream";
import type { Cmd } from "../../config/cmd.ts";
import { Deadline } from "../../deadline.ts";
import { invalidArgument } from "../../errors.ts";
import { type HostTerminal, openTerminal } from "../../host/terminal.ts";
import { Connection } from "../../operation/connection.ts";
import { type Operation, operation } from "../../operation/run-verb.ts";
import { openStreams } from "./io.ts";

/**
 * The terminal of the host that a process is given, carried by this program for as long as both last. It has a
 * connection of its own, so that whoever started the process may let go of the sandbox.
 */
export class HostConsole {
  readonly #terminal: HostTerminal;
  readonly #operation: Operation;
  readonly #deadline: Deadline;

  private constructor(terminal: HostTerminal, { context, sandbox, hold }: Operation) {
    this.#terminal = terminal;
    this.#deadline = new Deadline({}, undefined, "console");
    const connection = new Connection(context, sandbox.id);
    this.#operation = operation(context, connection, sandbox, this.#deadline, hold);
  }

  /** Opens what `cmd.console` names, before the process is started. INVALID_ARGUMENT if it is no terminal. */
  static async open(started: Operation, cmd: Cmd | undefined): Promise<HostConsole | undefined> {
    if (cmd?.console === undefined) return undefined;
    const terminal = openHostTerminal(cmd.console, "cmd.console");
    const opened = new HostConsole(terminal, started);
    try {
      await started.deadline.race(opened.#operation.agent());
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  /** Connects the process; its end, or the terminal's, gives everything back. */
  async attach(containerId: string, execId: string, interactive = false): Promise<void> {
    const { stream } = this.#terminal;
    const io = await openStreams(this.#operation, containerId, execId, {}, true);
    for (const one of [io.stdin, io.stderr, stream]) one.on("error", () => {});
    io.stderr.resume();
    if (interactive) stream.pipe(io.stdin);
    io.stdout.pipe(stream, { end: false });
    finished(stream, () => io.stdout.destroy());
    finished(io.stdout, () => void this.close());
  }

  async close(): Promise<void> {
    this.#terminal.close();
    this.#deadline[Symbol.dispose]();
    await this.#operation.connection.close().catch(() => {});
  }
}

/** A command with the size of its console, if it has one. INVALID_ARGUMENT if that is no terminal. */
export function withConsole(cmd: Cmd, field: string): Cmd {
  if (cmd.console === undefined) return cmd;
  const terminal = openHostTerminal(cmd.console, `${field}.console`);
  terminal.close();
  const { height, width } = terminal.size;
  // A terminal that was never told its size has none.
  return height > 0 && width > 0 ? { consoleSize: { height, width }, ...cmd } : cmd;
}

function openHostTerminal(path: string, field: string): HostTerminal {
  let opened: HostTerminal | undefined;
  try {
    opened = openTerminal(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalidArgument(field, path, `it must be a terminal of this host (${why})`);
  }
  if (opened !== undefined) return opened;
  throw invalidArgument(field, path, "it must be a terminal of this host, such as /dev/pts/3");
}
