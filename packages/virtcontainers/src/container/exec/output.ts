import { PassThrough, type Readable } from "node:stream";
import { drained } from "../../drained.ts";
import { VirtError } from "../../errors.ts";
import { KeptBytes } from "./kept-bytes.ts";

/** One chunk of what a command wrote. */
export interface ExecChunk {
  stream: "stdout" | "stderr";
  data: Uint8Array;
}

/** How many of the last bytes are known, however many there were. */
const tailBytes = 4096;

/**
 * One output stream of a command: kept for the result up to a limit, and handed to whoever reads along;
 * the slowest reader sets the pace. Without a reader, more than the limit is an error. Of what is read along, less may
 * be kept, until somebody wants the result.
 */
export class ExecOutput {
  readonly #limit: number;
  readonly #name: string;
  readonly #kept = new KeptBytes();
  readonly #readers = new Set<PassThrough>();
  #limitIfRead: number;
  /** Bytes that nobody has read along. */
  #unread = 0;
  #truncated = false;
  #tail: Buffer = Buffer.alloc(0);
  #ended: { error: Error | undefined } | undefined;

  constructor(name: "stdout" | "stderr", limit: number, limitIfRead = limit) {
    this.#name = name;
    this.#limit = limit;
    this.#limitIfRead = limitIfRead;
  }

  /** Whether some of it is not kept. */
  get isTruncated(): boolean {
    return this.#truncated;
  }

  /** Says that somebody wants the result: from now on all that the limit allows is kept. */
  want(): void {
    this.#limitIfRead = this.#limit;
  }

  /** A stream of all of it, from the beginning; a late one gets what was kept first, and NO_SPACE if that is not all. */
  reader(): PassThrough {
    const reader = new PassThrough({ highWaterMark: 1024 * 1024 });
    // A reader may have left when the command fails; whoever still reads learns of it all the same.
    reader.on("error", () => {});
    if (this.#truncated) {
      const error = this.#tooMuch("the beginning of what the command wrote is no longer kept");
      queueMicrotask(() => reader.destroy(error));
      return reader;
    }
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

  /** What is kept. */
  bytes(): Buffer {
    return this.#kept.all();
  }

  /** The last bytes that were written, at most 4096, also where they are not kept. */
  tail(): Buffer {
    return this.#truncated ? this.#tail : this.#kept.all().subarray(-tailBytes);
  }

  #keep(chunk: Uint8Array): void {
    const isRead = this.#readers.size > 0;
    if (!isRead) this.#unread += chunk.length;
    const limit = isRead ? this.#limitIfRead : this.#limit;
    const room = this.#truncated ? 0 : Math.max(0, limit - this.#kept.length);
    const isLost = chunk.length > room;
    if (isLost && !isRead && (!this.#truncated || this.#unread > this.#limit))
      throw this.#tooMuch(`the command wrote more than ${this.#limit} bytes to ${this.#name}`);
    if (isLost && !this.#truncated) this.#tail = this.tail();
    this.#kept.add(chunk.subarray(0, room));
    if (!isLost) return;
    this.#truncated = true;
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
  }

  #tooMuch(message: string): VirtError {
    return new VirtError("NO_SPACE", message, {
      field: "maxOutputBytes",
      hint: "Raise maxOutputBytes, or read the output as a stream.",
    });
  }
}

function finish(reader: PassThrough, error: Error | undefined): void {
  if (error === undefined) reader.end();
  else reader.destroy(error);
}
