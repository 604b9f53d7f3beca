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

/** Writes to a stream no faster than it takes. */
export function writer(stream: Writable): (data: Uint8Array) => Promise<void> {
  return async (data) => {
    if (!stream.write(data)) await drained(stream);
  };
}
