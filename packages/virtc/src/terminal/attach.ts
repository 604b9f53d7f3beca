import type { IOStream } from "virtcontainers";
import type { Context } from "../context.ts";
import { pumpInput } from "./input.ts";
import { brokenOutput, OutputPump } from "./output.ts";
import { followSize, rawMode, terminalSize } from "./raw.ts";
import type { SignalRelay } from "./signals.ts";

/** One process in a container, as the terminal sees it. */
export interface Session {
  io: IOStream;
  /** Its exit code. */
  exited: Promise<number>;
  /** Gives it a signal; `silence` ends the wait for the guest's answer. */
  signal(signal: NodeJS.Signals, silence?: AbortSignal): Promise<void>;
  resize(height: number, width: number): Promise<void>;
}

export interface AttachOptions {
  interactive: boolean;
  tty: boolean;
  /** The keys that end the attachment and not the process. */
  detachKeys: readonly number[];
  /** False: signals end the attachment and not the process. Default true. */
  sigProxy?: boolean;
  /** The end of standard input is not passed on: others may attach later. */
  keepsInput?: boolean;
  /** After the process's end, waits no longer than this for more output; undefined: for its end. */
  lingerMs?: number;
}

/** `code` of what is detached: by a signal, as of a process that it ended. */
export type Ending = { kind: "exited"; code: number } | { kind: "detached"; code: number };

/**
 * Connects this process's terminal or pipes with a process until that ends. Throws OutputBroken, and Unanswered
 * where the guest is silent when it is to be ended.
 */
export async function attach(
  session: Session,
  options: AttachOptions,
  relay: SignalRelay,
  context: Context,
): Promise<Ending> {
  const { io } = session;
  const keyboard = options.tty && options.interactive && context.stdin.isTTY === true;
  const broken = brokenOutput([context.stdout, context.stderr]);
  const undo: (() => unknown)[] = [];
  if (options.sigProxy !== false) relay.forwardTo(session.signal);
  if (options.tty) undo.push(followTerminal(session, context));
  if (keyboard) undo.push(rawMode(context));
  try {
    const finished = finish(session, options, relay, context);
    const failed = Promise.race([broken, relay.unanswered, left(relay)]);
    if (!options.interactive) return await Promise.race([finished, failed]);
    const typed = pumpInput(context.stdin, io.stdin, {
      keys: keyboard ? options.detachKeys : [],
      kept: options.keepsInput,
    });
    const detached = new Promise<Ending>((resolve, reject) => {
      typed.then((keys) => keys && resolve({ kind: "detached", code: 0 }), reject);
    });
    return await Promise.race([finished, detached, failed]);
  } catch (error) {
    io.stdout.destroy();
    io.stderr.destroy();
    throw error;
  } finally {
    for (const step of undo.reverse()) step();
  }
}

/** Settles when a signal came that is not handed on. */
function left(relay: SignalRelay): Promise<Ending> {
  return new Promise((resolve) => {
    const leave = (): void => {
      relay.stopTimers();
      resolve({ kind: "detached", code: relay.interruption?.exitCode ?? 0 });
    };
    relay.signal.addEventListener("abort", leave, { once: true });
  });
}

async function finish(
  session: Session,
  options: AttachOptions,
  relay: SignalRelay,
  context: Context,
): Promise<Ending> {
  const pumps = [
    new OutputPump(session.io.stdout, context.stdout),
    new OutputPump(session.io.stderr, context.stderr),
  ];
  const failed = Promise.all(pumps.map((pump) => pump.done)).then(() => session.exited);
  const code = await Promise.race([session.exited, failed]);
  relay.stopTimers();
  const { lingerMs } = options;
  await Promise.all(pumps.map((p) => (lingerMs === undefined ? p.done : p.quiet(lingerMs))));
  return { kind: "exited", code };
}

function followTerminal(session: Session, context: Context): () => void {
  let before = terminalSize(context.stdout);
  return followSize(context, (size) => {
    if (size.rows === before.rows && size.columns === before.columns) return;
    before = size;
    ignore(session.resize(size.rows, size.columns));
  });
}

/** A process that has just ended can take neither signals nor sizes. */
function ignore(promise: Promise<unknown>): void {
  promise.catch(() => {});
}
