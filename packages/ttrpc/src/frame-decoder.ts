import { ByteQueue } from "./byte-queue.ts";
import { TtrpcError } from "./error.ts";
import {
  type Frame,
  type FrameHeader,
  HEADER_BYTES,
  MAX_MESSAGE_BYTES,
  readHeader,
} from "./frame.ts";

export interface FrameDecoderOptions {
  /** The longest body accepted, in bytes. Default: 4 MiB. */
  maxMessageBytes?: number;
  /**
   * Called with the header of a frame that is too long; its body is then
   * skipped as it arrives. Without it such a frame is a protocol violation.
   */
  onOversize?: (header: FrameHeader) => void;
}

/**
 * Cuts a byte stream into frames. Holds no more than the bytes it was given,
 * whatever a header claims.
 */
export class FrameDecoder {
  readonly #onFrame: (frame: Frame) => void;
  readonly #onOversize: ((header: FrameHeader) => void) | undefined;
  readonly #maxMessageBytes: number;
  readonly #head = new Uint8Array(HEADER_BYTES);
  readonly #body = new ByteQueue();
  #headUsed = 0;
  #header: FrameHeader | undefined;
  #skip = 0;
  #failure: TtrpcError | undefined;

  constructor(onFrame: (frame: Frame) => void, options: FrameDecoderOptions = {}) {
    this.#onFrame = onFrame;
    this.#onOversize = options.onOversize;
    this.#maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
  }

  /**
   * Takes the next bytes of the stream and hands on every frame they complete.
   *
   * @throws TtrpcError `internal` at a protocol violation, and again on every
   *   later push: where the next frame begins is no longer known.
   */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      let offset = 0;
      while (offset < chunk.length) offset = this.#step(chunk, offset);
    } catch (error) {
      this.#body.clear();
      this.#failure = TtrpcError.from(error, "internal");
      throw this.#failure;
    }
  }

  /**
   * Says that the stream has ended.
   *
   * @throws TtrpcError `internal` if it ended inside a frame.
   */
  end(): void {
    if (this.#headUsed > 0 || this.#header !== undefined || this.#skip > 0) {
      throw new TtrpcError("internal", "protocol violation: the stream ended inside a frame");
    }
  }

  /** Consumes some bytes from `offset` and returns where the next step begins. */
  #step(chunk: Uint8Array, offset: number): number {
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, chunk.length - offset);
      this.#skip -= skipped;
      return offset + skipped;
    }
    return this.#header === undefined
      ? this.#readHead(chunk, offset)
      : this.#readBody(this.#header, chunk, offset);
  }

  #readHead(chunk: Uint8Array, offset: number): number {
    const taken = Math.min(HEADER_BYTES - this.#headUsed, chunk.length - offset);
    this.#head.set(chunk.subarray(offset, offset + taken), this.#headUsed);
    this.#headUsed += taken;
    if (this.#headUsed < HEADER_BYTES) return offset + taken;

    this.#headUsed = 0;
    const header = readHeader(this.#head);
    if (header.length > this.#maxMessageBytes) this.#refuse(header);
    else if (header.length === 0) this.#onFrame({ header, body: new Uint8Array(0) });
    else this.#header = header;
    return offset + taken;
  }

  #readBody(header: FrameHeader, chunk: Uint8Array, offset: number): number {
    const end = Math.min(offset + header.length - this.#body.length, chunk.length);
    this.#body.push(chunk.subarray(offset, end));
    if (this.#body.length === header.length) {
      this.#header = undefined;
      this.#onFrame({ header, body: this.#body.take() });
    }
    return end;
  }

  #refuse(header: FrameHeader): void {
    if (this.#onOversize === undefined) {
      throw new TtrpcError(
        "internal",
        `protocol violation: frame of ${header.length} bytes, at most ${this.#maxMessageBytes} are allowed`,
      );
    }
    this.#skip = header.length;
    this.#onOversize(header);
  }
}
