/** Chunks shorter than this are copied together, so that a dripping peer costs no more than it sends. */
const SMALL_CHUNK = 2048;
const TAIL_BYTES = 16 * 1024;

/** Bytes of one frame's body as they arrive, joined with one copy (none if they came in one chunk). */
export class ByteQueue {
  length = 0;
  #chunks: Uint8Array[] = [];
  #tail: Uint8Array | undefined;
  #tailUsed = 0;

  push(chunk: Uint8Array): void {
    this.length += chunk.length;
    if (chunk.length >= SMALL_CHUNK || this.length === chunk.length) {
      this.#sealTail();
      this.#chunks.push(chunk);
      return;
    }
    this.#pushSmall(chunk);
  }

  /** All bytes pushed so far; the queue is empty afterwards. */
  take(): Uint8Array {
    this.#sealTail();
    const chunks = this.#chunks;
    const only = chunks.length === 1 ? chunks[0] : undefined;
    const joined = only ?? Buffer.concat(chunks, this.length);
    this.clear();
    return joined;
  }

  clear(): void {
    this.length = 0;
    this.#chunks = [];
    this.#tail = undefined;
    this.#tailUsed = 0;
  }

  #pushSmall(chunk: Uint8Array): void {
    if (this.#tail === undefined || this.#tailUsed + chunk.length > this.#tail.length) {
      this.#sealTail();
      this.#tail = new Uint8Array(TAIL_BYTES);
    }
    this.#tail.set(chunk, this.#tailUsed);
    this.#tailUsed += chunk.length;
  }

  #sealTail(): void {
    if (this.#tail !== undefined) this.#chunks.push(this.#tail.subarray(0, this.#tailUsed));
    this.#tail = undefined;
    this.#tailUsed = 0;
  }
}
