import {
  EXIT_PAYLOAD_BYTES,
  LOG_RECORD_HEADER_BYTES,
  LOG_RECORD_MAGIC,
  LOG_RECORD_VERSION,
  type LogRecord,
  MAX_LOG_PAYLOAD_BYTES,
} from "./log-record.ts";

interface Header {
  /** "unknown": a kind of record of a later agent. */
  stream: LogRecord["stream"] | "unknown";
  containerIdBytes: number;
  execIdBytes: number;
  timeNs: bigint;
  payloadBytes: number;
}

const MAGIC_BYTES = Buffer.from("VCLG");
const STREAM_NAMES = [undefined, "stdout", "stderr", "exit", "oom"] as const;
const ID = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/**
 * Reads records out of a log as it grows. The guest writes the log, so anything
 * may stand in it: bytes that are no record are skipped up to the next one and
 * counted, and never more than one record is held back. Records of a kind it
 * doesn't know are passed over whole.
 */
export class LogRecordDecoder {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** How many bytes are needed before it is worth looking again. */
  #needed = LOG_RECORD_HEADER_BYTES;
  #consumed = 0;
  #discarded = 0;

  /** Bytes of the log behind the last record returned or skipped: where to go on reading later. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Bytes skipped because they were no record. */
  get discarded(): number {
    return this.#discarded;
  }

  /** Takes the next bytes and returns the records they complete. Their data may be views of `chunk`. */
  push(chunk: Uint8Array): LogRecord[] {
    if (this.#heldBytes + chunk.length < this.#needed) {
      this.#hold(chunk);
      return [];
    }
    const bytes = asBuffer([...this.#held, chunk]);
    const records: LogRecord[] = [];
    let at = 0;
    this.#needed = LOG_RECORD_HEADER_BYTES;
    while (bytes.length - at >= LOG_RECORD_HEADER_BYTES) {
      const header = decodeHeader(bytes, at);
      const length = header === undefined ? 0 : recordBytes(header);
      if (bytes.length - at < length) {
        this.#needed = length;
        break;
      }
      const record = header && decodeRecord(header, bytes, at + LOG_RECORD_HEADER_BYTES);
      const next = record === undefined ? nextMagic(bytes, at + 1) : at + length;
      if (record === undefined) this.#discarded += next - at;
      else if (record !== "unknown") records.push(record);
      at = next;
    }
    this.#consumed += at;
    this.#held = [];
    this.#heldBytes = 0;
    this.#hold(bytes.subarray(at));
    return records;
  }

  /** A copy, so that the caller may read the next bytes into the same buffer. */
  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#held.push(Uint8Array.from(bytes));
    this.#heldBytes += bytes.length;
  }
}

function recordBytes(header: Header): number {
  return (
    LOG_RECORD_HEADER_BYTES + header.containerIdBytes + header.execIdBytes + header.payloadBytes
  );
}

function decodeHeader(bytes: Buffer, at: number): Header | undefined {
  if (bytes.readUInt32LE(at) !== LOG_RECORD_MAGIC) return undefined;
  if (bytes.readUInt8(at + 4) !== LOG_RECORD_VERSION) return undefined;
  const number = bytes.readUInt8(at + 5);
  const stream = STREAM_NAMES[number] ?? "unknown";
  const payloadBytes = bytes.readUInt32LE(at + 16);
  if (number === 0 || payloadBytes > MAX_LOG_PAYLOAD_BYTES) return undefined;
  if (stream === "exit" && payloadBytes !== EXIT_PAYLOAD_BYTES) return undefined;
  if (stream === "oom" && payloadBytes !== 0) return undefined;
  return {
    stream,
    containerIdBytes: bytes.readUInt8(at + 6),
    execIdBytes: bytes.readUInt8(at + 7),
    timeNs: bytes.readBigUInt64LE(at + 8),
    payloadBytes,
  };
}

/** undefined if an id is none. */
function decodeRecord(
  header: Header,
  bytes: Buffer,
  idsAt: number,
): LogRecord | "unknown" | undefined {
  const execIdAt = idsAt + header.containerIdBytes;
  const payloadAt = execIdAt + header.execIdBytes;
  const containerId = bytes.toString("latin1", idsAt, execIdAt);
  const execId = bytes.toString("latin1", execIdAt, payloadAt);
  if (!ID.test(containerId) || (execId !== "" && !ID.test(execId))) return undefined;
  if (header.stream === "unknown") return "unknown";
  const origin = { containerId, execId, timeNs: header.timeNs };
  if (header.stream === "exit") {
    return { ...origin, stream: "exit", status: bytes.readInt32LE(payloadAt) };
  }
  if (header.stream === "oom") return { ...origin, stream: "oom" };
  const data = bytes.subarray(payloadAt, payloadAt + header.payloadBytes);
  return { ...origin, stream: header.stream, data };
}

/** Where the next record may begin: at a magic, or at the end if that could be the first bytes of one. */
function nextMagic(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(MAGIC_BYTES, from);
  return at >= 0 ? at : Math.max(from, bytes.length - MAGIC_BYTES.length + 1);
}

function asBuffer(chunks: readonly Uint8Array[]): Buffer {
  const only = chunks.length === 1 ? chunks[0] : undefined;
  return only === undefined
    ? Buffer.concat(chunks)
    : Buffer.from(only.buffer, only.byteOffset, only.byteLength);
}
