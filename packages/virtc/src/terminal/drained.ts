import type { Writable } from "node:stream";

/** Waits until a stream takes more, or has been closed. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
    if (stream.closed || !stream.writableNeedDrain) done();
  });
}
