import type { Duplex } from "node:stream";
import { decodeHello, encodeAck, HELLO_BYTES } from "@virtcontainers/agent-protocol";

/** Keeps the first token that came; only it is obeyed from then on. */
export class Doorkeeper {
  #token: Buffer | undefined;

  admits(token: Uint8Array): boolean {
    this.#token ??= Buffer.from(token);
    return this.#token.equals(token);
  }
}

/** Waits for a HELLO at the beginning of what comes in one piece, and answers it; what follows stays in the stream. */
export async function welcome(
  stream: Duplex,
  doorkeeper: Doorkeeper,
  before: () => Promise<void>,
): Promise<boolean> {
  const rest = await hello(stream, doorkeeper);
  if (rest === undefined) return false;
  await before();
  if (stream.destroyed) return false;
  stream.write(encodeAck(rest.nonce));
  if (rest.bytes.length > 0) stream.unshift(rest.bytes);
  return true;
}

/** Undefined if the stream ended before. */
function hello(
  stream: Duplex,
  doorkeeper: Doorkeeper,
): Promise<{ nonce: Uint8Array; bytes: Uint8Array } | undefined> {
  return new Promise((resolve) => {
    const finish = (found: { nonce: Uint8Array; bytes: Uint8Array } | undefined): void => {
      stream.off("data", onData);
      stream.off("close", onClose);
      stream.pause();
      resolve(found);
    };
    const onClose = (): void => finish(undefined);
    const onData = (bytes: Uint8Array): void => {
      const found = decodeHello(bytes);
      if (found === undefined || !doorkeeper.admits(found.token)) return;
      finish({ nonce: found.nonce, bytes: bytes.subarray(HELLO_BYTES) });
    };
    stream.on("close", onClose);
    stream.on("error", () => {});
    stream.on("data", onData);
  });
}
