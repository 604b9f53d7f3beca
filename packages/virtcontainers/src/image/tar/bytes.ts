import type { FileHandle } from "node:fs/promises";

/** Bytes read from front to back in pieces of the reader's choice. */
export interface ByteReader {
  /** Exactly `count` bytes, or what is left at the end. The result is only valid until the next call. */
  read(count: number): Promise<Buffer>;
  /** What is at hand next, 1 to `max` bytes; empty at the end. */
  some(max: number): Promise<Buffer>;
  /** Passes over `count` bytes; gives how many there were. */
  skip(count: number): Promise<number>;
}

/** Reads what a stream yields. */
export class StreamBytes implements ByteReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  async read(count: number): Promise<Buffer> {
    if (this.#chunk.length >= count) return this.#take(count);
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      const part = await this.some(missing);
      if (part.length === 0) break;
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async some(max: number): Promise<Buffer> {
    while (this.#chunk.length === 0 && !this.#ended) {
      const next = await this.#iterator.next();
      if (next.done) this.#ended = true;
      else {
        const { buffer, byteOffset, byteLength } = next.value;
        this.#chunk = Buffer.from(buffer, byteOffset, byteLength);
      }
    }
    return this.#take(Math.min(max, this.#chunk.length));
  }

  async skip(count: number): Promise<number> {
    let skipped = 0;
    while (skipped < count) {
      const part = await this.some(count - skipped);
      if (part.length === 0) break;
      skipped += part.length;
    }
    return skipped;
  }

  /** Lets go of the source before its end. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#iterator.return?.();
  }

  #take(count: number): Buffer {
    const taken = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(count);
    return taken;
  }
}

const windowBytes = 64 * 1024;

/** Reads a file, passing over what is skipped without reading it. */
export class FileBytes implements ByteReader {
  readonly #file: FileHandle;
  readonly #end: number;
  #position = 0;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#end = size;
  }

  /** Offset in the file of the next byte. */
  get position(): number {
    return this.#position;
  }

  async read(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = Math.min(count, this.#end - this.#position);
    while (missing > 0) {
      const part = await this.some(missing);
      if (part.length === 0) break;
      if (part.length === missing && parts.length === 0) return part;
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async some(max: number): Promise<Buffer> {
    if (this.#position >= this.#windowStart + this.#window.length) await this.#fill();
    const start = this.#position - this.#windowStart;
    const part = this.#window.subarray(start, start + max);
    this.#position += part.length;
    return part;
  }

  async skip(count: number): Promise<number> {
    const skipped = Math.max(0, Math.min(count, this.#end - this.#position));
    this.#position += skipped;
    return skipped;
  }

  async #fill(): Promise<void> {
    const length = Math.max(0, Math.min(windowBytes, this.#end - this.#position));
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await this.#file.read(buffer, 0, length, this.#position);
    this.#window = buffer.subarray(0, bytesRead);
    this.#windowStart = this.#position;
  }
}
