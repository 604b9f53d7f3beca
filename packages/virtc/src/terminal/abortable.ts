import type { EventEmitter } from "node:events";
import { SignalRelay } from "./signals.ts";

/** Does something that Ctrl-C ends cleanly. */
export async function abortable<T>(
  signals: EventEmitter,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const relay = new SignalRelay(signals);
  try {
    return await relay.race(act(relay.signal));
  } catch (error) {
    throw relay.causeOf(error);
  } finally {
    relay[Symbol.dispose]();
  }
}
