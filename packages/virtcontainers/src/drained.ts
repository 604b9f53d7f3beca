import type { Writable } from "node:stream";

/** Waits until a stream takes more, or is closed and never will. No listener stays. Rejects when the signal aborts. */
export async function drained(stream: Writable, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  if (stream.destroyed || !stream.writableNeedDrain) return;
  await new Promise<void>((resolve, reject) => {
    const onDone = (): void => {
      stream.off("drain", onDone).off("close", onDone);
      signal?.removeEventListener("abort", onDone);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    stream.on("drain", onDone).on("close", onDone);
    signal?.addEventListener("abort", onDone, { once: true });
  });
}
