import { writeHeader } from "../../src/index.ts";

/** Bytes written in hex, with any spaces between them. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));
}

export function frameBytes(
  streamId: number,
  type: number,
  body: Uint8Array,
  { flags = 0, length = body.length } = {},
): Uint8Array {
  const bytes = new Uint8Array(10 + body.length);
  writeHeader(bytes, { length, streamId, type, flags });
  bytes.set(body, 10);
  return bytes;
}

/** The bytes cut where `next` says: it gives the length of the next piece. */
export function* cut(bytes: Uint8Array, next: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const length = Math.max(1, next());
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
