import type { Duplex } from "node:stream";
import { type Frame, FrameDecoder } from "../../src/index.ts";

/** One end of a stream, spoken to in frames; nothing is interpreted. */
export class RawPeer {
  readonly stream: Duplex;
  readonly #frames: Frame[] = [];
  #wake: (() => void) | undefined;

  constructor(stream: Duplex) {
    this.stream = stream;
    const decoder = new FrameDecoder((frame) => {
      this.#frames.push(frame);
      this.#wake?.();
    });
    stream.on("data", (chunk: Uint8Array) => decoder.push(chunk));
    stream.on("error", () => {});
  }

  /** The next frame that arrives, or has arrived. */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Frames that have arrived and were not taken. */
  get waiting(): number {
    return this.#frames.length;
  }

  send(...chunks: Uint8Array[]): void {
    for (const chunk of chunks) this.stream.write(chunk);
  }
}
