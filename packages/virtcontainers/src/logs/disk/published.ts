import {
  LOG_RECORD_HEADER_BYTES,
  LOG_RECORD_MAGIC,
  MAX_LOG_PAYLOAD_BYTES,
} from "@virtcontainers/agent-protocol/ports";

/**
 * How many of these bytes are whole records. A record never begins with a zero, and what was not written yet is
 * zeros; its first block is written last, so what has a beginning is there to its end. What is no record, which
 * a hostile guest may write, is counted up to the next one or the next zero.
 */
export function publishedBytes(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length && bytes[at] !== 0) {
    if (bytes.length - at < LOG_RECORD_HEADER_BYTES) break;
    const length = recordBytes(bytes, at);
    if (length === undefined) at = endOfGarbage(bytes, at + 1);
    else if (at + length > bytes.length) break;
    else at += length;
  }
  return at;
}

function recordBytes(bytes: Buffer, at: number): number | undefined {
  if (bytes.readUInt32LE(at) !== LOG_RECORD_MAGIC) return undefined;
  const payload = bytes.readUInt32LE(at + 16);
  if (payload > MAX_LOG_PAYLOAD_BYTES) return undefined;
  return LOG_RECORD_HEADER_BYTES + bytes.readUInt8(at + 6) + bytes.readUInt8(at + 7) + payload;
}

function endOfGarbage(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === 0) return at;
    if (bytes.length - at >= 4 && bytes.readUInt32LE(at) === LOG_RECORD_MAGIC) return at;
  }
  return bytes.length;
}
