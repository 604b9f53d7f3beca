import { PassThrough, type Readable } from "node:stream";
import { drained } from "../../drained.ts";
import { VirtError } from "../../errors.ts";
import { KeptBytes } from "./kept-bytes.ts";

/** One chunk of what a command wrote. */
export interface ExecChunk {
  stream: "stdout" | "stderr";
  data: Uint8Array;
}

/**
 * One output stream of a command: kept for the result up to a limit, and handed to whoever reads along;
 * the slowest reader sets the pace. Without a reader, more than the limit is an error.
 */
export class ExecOutput {
  readonly #limit: number;
  readonly #name: string;
  readonly #kept = new KeptBytes();
  readonly #readers = new Set<PassThrough>();
  #ended: { error: Error | undefined } | undefined;

  constructor(name: "stdout" | "stderr", limit: number) {
    this.#name = name;
    this.#limit = limit;
  }

  /** A stream of all of it, from the beginning; a late one gets what was kept first. */
  reader(): PassThrough {
    const reader = new PassThrough({ highWaterMark: 1024 * 1024 });
    // A reader may have left when the command fails; whoever still reads learns of it all the same.
    reader.on("error", () => {});
    for (const chunk of this.#kept.pieces()) reader.write(chunk);
    if (this.#ended === undefined) {
      this.#readers.add(reader);
      reader.once("close", () => this.#readers.delete(reader));
    } else {
      const { error } = this.#ended;
      // A moment later, so that whoever gets the stream hears of the error.
      queueMicrotask(() => finish(reader, error));
    }
    return reader;
  }

  /** Takes the stream to its end. */
  async drain(source: Readable): Promise<void> {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      this.#keep(chunk);
      for (const reader of this.#readers) {
        if (!reader.write(chunk)) await drained(reader);
      }
    }
  }

  /** Tells the readers that this is all, or why there is no more. */
  end(error?: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    for (const reader of this.#readers) finish(reader, error);
  }

  bytes(): Buffer {
    return this.#kept.all();
  }

  #keep(chunk: Uint8Array): void {
    const room = this.#limit - this.#kept.length;
    if (chunk.length > room && this.#readers.size === 0) {
      throw new VirtError(
        "NO_SPACE",
        `the command wrote more than ${this.#limit} bytes to ${this.#name}`,
        {
          field: "maxOutputBytes",
          hint: "Raise maxOutputBytes, or read the output as a stream.",
        },
      );
    }
    this.#kept.add(chunk.subarray(0, room));
  }
}

function finish(reader: PassThrough, error: Error | undefined): void {
  if (error === undefined) reader.end();
  else reader.destroy(error);
}
