import type { Writable } from "node:stream";

/** Waits until a stream takes more, or has been closed. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off("drain", settle).off("close", settle);
      resolve();
    };
    stream.on("drain", settle).on("close", settle);
    if (stream.closed || !stream.writableNeedDrain) settle();
  });
}
