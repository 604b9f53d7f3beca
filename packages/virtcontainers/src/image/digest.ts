import { createHash } from "node:crypto";
import { VirtError } from "../errors.ts";
import { invalidImage } from "./failure.ts";

const sha256 = /^sha256:[0-9a-f]{64}$/;
const any = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-zA-Z=_-]+$/;

/** True for `sha256:` and 64 lower-case hex digits. */
export function isDigest(text: string): boolean {
  return sha256.test(text);
}

/** The hex digits of a sha256 digest. IMAGE_INVALID, or NOT_SUPPORTED for another algorithm. */
export function digestHex(digest: string): string {
  if (isDigest(digest)) return digest.slice("sha256:".length);
  if (any.test(digest) && !digest.startsWith("sha256:")) {
    throw new VirtError("NOT_SUPPORTED", `the digest ${digest.slice(0, 80)} is not a sha256 one`);
  }
  throw invalidImage(`${JSON.stringify(digest.slice(0, 80))} is not a valid digest`);
}

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** What a blob must be; a part that is not known is not checked. */
export interface Expected {
  digest?: string;
  size?: number;
}

/**
 * Passes a blob's bytes on while it counts and hashes them. Its end is only reached if digest and size
 * are as expected, else IMAGE_INVALID; a byte too many ends it at once.
 */
export class VerifiedBlob {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #expected: Expected;
  readonly #what: string;
  readonly #hash = createHash("sha256");
  #size = 0;
  #ended = false;
  #turn: Promise<unknown> = Promise.resolve();
  #sourceError: { error: unknown } | undefined;

  constructor(source: AsyncIterable<Uint8Array>, expected: Expected, what: string) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#expected = expected;
    this.#what = what;
  }

  /** Bytes passed on so far. */
  get size(): number {
    return this.#size;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) yield chunk;
  }

  /** Reads what the consumer left, so that a damaged blob is told from a wrong one. */
  async finish(): Promise<void> {
    while (!this.#ended) await this.#next();
    // What a consumer that was stopped still waited for may be what failed.
    if (this.#sourceError) throw this.#sourceError.error;
  }

  /** Lets go of the source; call it whatever happened. */
  async close(): Promise<void> {
    await this.#turn;
    if (this.#ended) return;
    this.#ended = true;
    await this.#iterator.return?.();
  }

  /** One at a time: a consumer that was stopped may still be waiting for a chunk. */
  #next(): Promise<Uint8Array | undefined> {
    const next = this.#turn.then(() => this.#read());
    this.#turn = next.catch(() => undefined);
    return next;
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    let result: IteratorResult<Uint8Array>;
    try {
      result = await this.#iterator.next();
    } catch (error) {
      this.#ended = true;
      this.#sourceError = { error };
      throw error;
    }
    const { size, digest } = this.#expected;
    if (!result.done) {
      this.#size += result.value.length;
      if (size !== undefined && this.#size > size) {
        this.#ended = true;
        await this.#iterator.return?.();
        throw this.#fail(
          invalidImage(`${this.#what} is longer than the ${size} bytes it should have`),
        );
      }
      this.#hash.update(result.value);
      return result.value;
    }
    this.#ended = true;
    if (size !== undefined && this.#size !== size) {
      throw this.#fail(
        invalidImage(`${this.#what} has ${this.#size} bytes, but should have ${size}`, damaged),
      );
    }
    const actual = `sha256:${this.#hash.digest("hex")}`;
    if (digest !== undefined && actual !== digest) {
      throw this.#fail(
        invalidImage(`${this.#what} is damaged: its digest is ${actual}, not ${digest}`, damaged),
      );
    }
    return undefined;
  }

  #fail(error: VirtError): VirtError {
    this.#sourceError = { error };
    return error;
  }
}

const damaged = "Pull or copy the image again; if it stays, the image is damaged at its source.";
