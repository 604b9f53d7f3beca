/**
 * What opens a session on a virtio-serial port. A port keeps bytes that were
 * meant for an earlier client, so both sides say where the new session begins:
 * the host sends HELLO, the agent answers ACK with the same nonce, and ttRPC
 * starts right behind each of them.
 */

/** "VIRTCHLO", the token of the sandbox, the nonce of the connection. */
export const HELLO_BYTES = 40;
/** "VIRTCACK", the nonce of the HELLO it answers, eight zero bytes. */
export const ACK_BYTES = 32;
export const TOKEN_BYTES = 16;
export const NONCE_BYTES = 16;

const HELLO_MAGIC = new TextEncoder().encode("VIRTCHLO");
const ACK_MAGIC = new TextEncoder().encode("VIRTCACK");

/**
 * The HELLO of a connection; to be sent with one write.
 *
 * @throws RangeError unless token and nonce are 16 bytes long.
 */
export function encodeHello(token: Uint8Array, nonce: Uint8Array): Uint8Array {
  assertLength("token", token, TOKEN_BYTES);
  assertLength("nonce", nonce, NONCE_BYTES);
  const hello = new Uint8Array(HELLO_BYTES);
  hello.set(HELLO_MAGIC);
  hello.set(token, HELLO_MAGIC.length);
  hello.set(nonce, HELLO_MAGIC.length + TOKEN_BYTES);
  return hello;
}

/** Token and nonce, if the bytes begin with a HELLO. */
export function decodeHello(
  bytes: Uint8Array,
): { token: Uint8Array; nonce: Uint8Array } | undefined {
  if (bytes.length < HELLO_BYTES || !startsWith(bytes, HELLO_MAGIC)) return undefined;
  const nonceAt = HELLO_MAGIC.length + TOKEN_BYTES;
  return {
    token: Uint8Array.from(bytes.subarray(HELLO_MAGIC.length, nonceAt)),
    nonce: Uint8Array.from(bytes.subarray(nonceAt, HELLO_BYTES)),
  };
}

/** @throws RangeError unless the nonce is 16 bytes long. */
export function encodeAck(nonce: Uint8Array): Uint8Array {
  assertLength("nonce", nonce, NONCE_BYTES);
  const ack = new Uint8Array(ACK_BYTES);
  ack.set(ACK_MAGIC);
  ack.set(nonce, ACK_MAGIC.length);
  return ack;
}

/** Looks for the ACK of one connection in what the port delivers, and drops all that comes before it. */
export class AckScanner {
  readonly #ack: Buffer;
  #carry: Uint8Array = new Uint8Array(0);
  #discarded = 0;

  /** @throws RangeError unless the nonce is 16 bytes long. */
  constructor(nonce: Uint8Array) {
    this.#ack = Buffer.from(encodeAck(nonce));
  }

  /** Bytes of earlier sessions dropped so far. */
  get discarded(): number {
    return this.#discarded;
  }

  /**
   * Takes the next bytes. Returns those behind the ACK, the beginning of the
   * session, once the ACK is complete; until then undefined. Not to be called again
   * after that.
   */
  push(chunk: Uint8Array): Uint8Array | undefined {
    const bytes =
      this.#carry.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([this.#carry, chunk]);
    const at = bytes.indexOf(this.#ack);
    if (at >= 0) {
      this.#discarded += at;
      return bytes.subarray(at + ACK_BYTES);
    }
    const kept = Math.min(bytes.length, ACK_BYTES - 1);
    this.#discarded += bytes.length - kept;
    this.#carry = Uint8Array.from(bytes.subarray(bytes.length - kept));
    return undefined;
  }
}

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function assertLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new RangeError(`${name} has ${bytes.length} bytes, it must have ${length}`);
  }
}
