import type { Duplex } from "node:stream";
import type { EncodedFrame } from "./envelope.ts";

/** Up to this size a payload is copied behind its head, which costs less than a second write. */
const COPY_BYTES = 4096;

/**
 * Writes frames to a stream, waiting for `drain` when the stream is full. What
 * waits is one frame for each call that is under way, and can be withdrawn.
 */
export class FrameWriter {
  readonly #stream: Duplex;
  readonly #waiting = new Map<number, EncodedFrame>();
  #full = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("drain", () => this.#drained());
  }

  /** Frames that are not yet handed to the stream. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Writes the frame, or keeps it until the stream takes more. */
  send(streamId: number, frame: EncodedFrame): void {
    if (this.#full) this.#waiting.set(streamId, frame);
    else this.#write(frame);
  }

  /** Forgets a frame of which no byte has been written. */
  withdraw(streamId: number): boolean {
    return this.#waiting.delete(streamId);
  }

  clear(): void {
    this.#waiting.clear();
  }

  #drained(): void {
    this.#full = false;
    for (const [streamId, frame] of this.#waiting) {
      if (this.#full) return;
      this.#waiting.delete(streamId);
      this.#write(frame);
    }
  }

  #write([head, payload]: EncodedFrame): void {
    if (!this.#stream.writable) return;
    if (payload.length <= COPY_BYTES) {
      const whole = payload.length === 0 ? head : Buffer.concat([head, payload]);
      this.#full = !this.#stream.write(whole);
      return;
    }
    this.#stream.cork();
    this.#stream.write(head);
    this.#full = !this.#stream.write(payload);
    this.#stream.uncork();
  }
}
