import { Duplex } from "node:stream";
import { withErrorListener } from "../../host/error-listener.ts";

/** Holds bytes back while a VM is paused. */
export interface Gate {
  readonly open: Promise<void>;
}

/**
 * The two ends of a connection in memory. What one end writes in one piece the other reads in one piece, as
 * on a virtio-serial port; closing one end closes the other.
 */
export function streamPair(gate: Gate): [Duplex, Duplex] {
  const a = withErrorListener(new End(gate));
  const b = withErrorListener(new End(gate));
  a.join(b);
  b.join(a);
  return [a, b];
}

/** The two ends of a connection in memory that is always open. */
export function duplexPair(): [Duplex, Duplex] {
  return streamPair({ open: Promise.resolve() });
}

class End extends Duplex {
  readonly #gate: Gate;
  #other: End | undefined;
  #taken: (() => void) | undefined;

  constructor(gate: Gate) {
    super({ allowHalfOpen: false });
    this.#gate = gate;
  }

  join(other: End): void {
    this.#other = other;
  }

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#gate.open.then(() => this.#other?.receive(Buffer.from(chunk), done));
  }

  override _final(done: () => void): void {
    this.#gate.open.then(() => {
      this.#other?.receive(null, done);
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
    this.#other?.destroy();
  }

  receive(chunk: Uint8Array | null, done: () => void): void {
    if (this.destroyed || this.push(chunk) || chunk === null) done();
    else this.#taken = done;
  }
}
