import { once } from "node:events";
import type { Writable } from "node:stream";

/** Settles when a stream takes more, or is closed and never will. No listener stays, however often it is called. */
export async function drained(stream: Writable, signal?: AbortSignal): Promise<void> {
  const settled = new AbortController();
  const either = signal === undefined ? settled.signal : AbortSignal.any([signal, settled.signal]);
  try {
    await Promise.race(["drain", "close"].map((event) => once(stream, event, { signal: either })));
  } finally {
    settled.abort();
  }
}
