import type { Readable } from "node:stream";
import { VirtError } from "../../errors.ts";

const lineFeed = 10;
const carriageReturn = 13;

/** Ends a stream with NO_SPACE at a line that is longer than a limit of bytes: who reads lines keeps each until its end. */
export function boundLines(stream: Readable, limit: number): void {
  let length = 0;
  stream.on("data", (chunk: Buffer) => {
    const end = Math.max(chunk.lastIndexOf(lineFeed), chunk.lastIndexOf(carriageReturn));
    length = end < 0 ? length + chunk.length : chunk.length - end - 1;
    if (length <= limit) return;
    stream.destroy(
      new VirtError("NO_SPACE", `the command wrote a line of more than ${limit} bytes`, {
        field: "maxOutputBytes",
        hint: "Raise maxOutputBytes, or read the output as a stream.",
      }),
    );
  });
}
