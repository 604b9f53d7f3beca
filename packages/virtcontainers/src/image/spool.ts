import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const bufferBytes = 1024 * 1024;
const zeros = Buffer.alloc(bufferBytes);
/** Reads up to this size are quicker done at once than through the thread pool. */
const syncReadBytes = 128 * 1024;

/**
 * A file written from front to back in pieces of 1 MiB, where pieces of zeros become holes. With `hash`,
 * it knows the sha256 of its content.
 */
export class SpoolFile implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);
  readonly #hash = createHash("sha256");
  readonly #hashed: boolean;
  #filled = 0;
  #flushed = 0;

  private constructor(file: FileHandle, hashed: boolean) {
    this.#file = file;
    this.#hashed = hashed;
  }

  /** Creates the file, which must not exist, with mode 0600. */
  static async create(path: string, options: { hash?: boolean } = {}): Promise<SpoolFile> {
    return new SpoolFile(await open(path, "wx+", 0o600), options.hash ?? false);
  }

  /** Bytes written so far. */
  get position(): number {
    return this.#flushed + this.#filled;
  }

  async write(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const count = rest.copy(this.#buffer, this.#filled, 0, bufferBytes - this.#filled);
      this.#filled += count;
      rest = rest.subarray(count);
      if (this.#filled === bufferBytes) await this.#flush();
    }
  }

  /** Writes zeros up to an offset at or behind the present one. */
  async zeroTo(offset: number): Promise<void> {
    while (this.position < offset) {
      await this.write(zeros.subarray(0, Math.min(bufferBytes, offset - this.position)));
    }
  }

  /** Writes out what is buffered and sets the file's size. */
  async finish(options: { sync?: boolean; mode?: number } = {}): Promise<void> {
    await this.#flush();
    await this.#file.truncate(this.#flushed);
    if (options.mode !== undefined) await this.#file.chmod(options.mode);
    if (options.sync) await this.#file.sync();
  }

  /** The sha256 of all that was written, in hex; once, after finish(). */
  digest(): string {
    return this.#hash.digest("hex");
  }

  /** Reads a part of what was written, after finish(). A part is only valid until the next one. */
  async *read(offset: number, size: number): AsyncGenerator<Buffer> {
    const end = offset + size;
    const buffer = Buffer.allocUnsafe(Math.min(size, bufferBytes));
    for (let at = offset; at < end; ) {
      const length = Math.min(buffer.length, end - at);
      const count =
        length <= syncReadBytes
          ? readSync(this.#file.fd, buffer, 0, length, at)
          : (await this.#file.read(buffer, 0, length, at)).bytesRead;
      if (count === 0) throw new RangeError("a spool file is shorter than its entries say");
      at += count;
      yield buffer.subarray(0, count);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const part = this.#buffer.subarray(0, this.#filled);
    if (this.#hashed) this.#hash.update(part);
    if (!part.equals(zeros.subarray(0, part.length))) {
      for (let done = 0; done < part.length; ) {
        const at = this.#flushed + done;
        const { bytesWritten } = await this.#file.write(part, done, part.length - done, at);
        done += bytesWritten;
      }
    }
    this.#flushed += this.#filled;
    this.#filled = 0;
  }
}
