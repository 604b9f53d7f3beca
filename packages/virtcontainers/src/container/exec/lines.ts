import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { VirtError } from "../../errors.ts";

const lineFeed = 10;
const carriageReturn = 13;

/** The lines of a stream, without their ends. NO_SPACE for one that is longer than a limit of bytes. */
export async function* readLines(input: Readable, limit: number): AsyncGenerator<string> {
  boundLines(input, limit);
  let failure: Error | undefined;
  input.once("error", (error) => {
    failure = error;
  });
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } finally {
    input.destroy();
  }
  if (failure !== undefined) throw failure;
}

/** Ends a stream at a line that is too long: who reads lines keeps each until its end. */
function boundLines(stream: Readable, limit: number): void {
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
