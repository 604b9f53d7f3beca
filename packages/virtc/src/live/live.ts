import { setTimeout } from "node:timers/promises";
import type { Context } from "../context.ts";
import { Interrupted } from "../errors/interrupted.ts";
import { drained } from "../terminal/drained.ts";
import { followSize } from "../terminal/raw.ts";
import { SignalRelay } from "../terminal/signals.ts";
import { onQuitKey } from "./keys.ts";
import { type Frame, plain, Screen } from "./screen.ts";

export interface LiveOptions {
  intervalMs: number;
  /** Goes on until a key or signal ends it; else one frame is all. */
  stream: boolean;
  /** Frames are lines for a program: never redrawn, and with nothing between them. */
  json: boolean;
}

/** Makes the next frame; undefined when there is nothing more to show. */
export type View = (signal: AbortSignal) => Promise<Frame | undefined>;

/**
 * Shows a view: once, or again and again until Ctrl-C, which is no failure then. A terminal is redrawn, and
 * keeps the last frame; elsewhere the frames follow each other, with an empty line between.
 */
export async function live(view: View, options: LiveOptions, context: Context): Promise<void> {
  const relay = new SignalRelay(context.signals);
  try {
    await show((signal) => untilAborted(view(signal), signal), options, relay.signal, context);
  } catch (error) {
    const cause = relay.causeOf(error);
    const quit = cause instanceof Interrupted && cause.signal === "SIGINT";
    if (!quit || !options.stream) throw cause;
  } finally {
    relay[Symbol.dispose]();
  }
}

async function show(
  view: View,
  options: LiveOptions,
  signal: AbortSignal,
  context: Context,
): Promise<void> {
  if (!options.stream) await once(view, signal, context);
  else if (context.stdout.isTTY && !options.json)
    await onTerminal(view, options.intervalMs, signal, context);
  else await onPipe(view, options, signal, context);
}

/** The outcome of work, but not later than an abort: a guest that is silent may hold the work up. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return await Promise.race([work, aborted]);
}

async function once(view: View, signal: AbortSignal, context: Context): Promise<void> {
  const frame = await view(signal);
  if (frame) context.stdout.write(plain(frame));
}

async function onPipe(
  view: View,
  { intervalMs, json }: LiveOptions,
  signal: AbortSignal,
  { stdout }: Context,
): Promise<void> {
  for (let first = true; ; first = false) {
    const frame = await view(signal);
    if (frame === undefined) return;
    if (!stdout.write(first || json ? plain(frame) : `\n${plain(frame)}`)) await drained(stdout);
    await setTimeout(intervalMs, undefined, { signal });
  }
}

async function onTerminal(
  view: View,
  intervalMs: number,
  interrupted: AbortSignal,
  context: Context,
): Promise<void> {
  const quit = new AbortController();
  const signal = AbortSignal.any([interrupted, quit.signal]);
  let frame: Frame | undefined;
  const screen = new Screen(context);
  const redraw = (): void => void (frame && screen.draw(frame));
  const undo = [onQuitKey(context.stdin, () => quit.abort()), followSize(context, redraw)];
  try {
    for (;;) {
      const next = await view(signal);
      if (next === undefined) return;
      frame = next;
      screen.draw(frame);
      await setTimeout(intervalMs, undefined, { signal });
    }
  } catch (error) {
    if (!quit.signal.aborted) throw error;
  } finally {
    for (const step of undo) step();
    screen.end();
    if (frame) context.stdout.write(plain(frame));
  }
}
