const smallestBlock = 4 * 1024;
const largestBlock = 1024 * 1024;

/**
 * Bytes that are kept, in blocks of their own: a piece that comes may be a small part of something large, which
 * would be kept with it, and there may be very many.
 */
export class KeptBytes {
  readonly #full: Buffer[] = [];
  #block = Buffer.alloc(0);
  #used = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      if (this.#used === this.#block.length) this.#begin();
      const part = piece.subarray(at, at + this.#block.length - this.#used);
      this.#block.set(part, this.#used);
      this.#used += part.length;
      this.#length += part.length;
      at += part.length;
    }
  }

  /** All of it, in pieces that don't change any more. */
  pieces(): Buffer[] {
    return this.#used === 0
      ? [...this.#full]
      : [...this.#full, this.#block.subarray(0, this.#used)];
  }

  all(): Buffer {
    return Buffer.concat(this.pieces(), this.#length);
  }

  #begin(): void {
    if (this.#used > 0) this.#full.push(this.#block);
    const size = Math.min(Math.max(smallestBlock, this.#length), largestBlock);
    this.#block = Buffer.allocUnsafeSlow(size);
    this.#used = 0;
  }
}
