import {
  EXIT_PAYLOAD_BYTES,
  HEALTHS,
  LOG_RECORD_HEADER_BYTES,
  LOG_RECORD_MAGIC,
  LOG_RECORD_VERSION,
  type LogHealth,
  type LogRecord,
  MAX_LOG_PAYLOAD_BYTES,
} from "./log-record.ts";

const MAGIC_BYTES = Buffer.from("VCLG");
const STREAM_NAMES = [undefined, "stdout", "stderr", "exit", "oom", "over", "health"] as const;
const EXIT = STREAM_NAMES.indexOf("exit");
const OOM = STREAM_NAMES.indexOf("oom");
const OVER = STREAM_NAMES.indexOf("over");
const HEALTH = STREAM_NAMES.indexOf("health");

/** 1: may begin an id, 2: may stand in one. */
const ID_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const text = String.fromCharCode(byte);
  if (/[a-zA-Z0-9]/.test(text)) return 1;
  return /[_.-]/.test(text) ? 2 : 0;
});

export interface LogRecordFilter {
  /** Records of other streams are passed over. */
  stream?: LogRecord["stream"];
  /** Records of other containers are passed over. */
  containerIds?: Iterable<string>;
}

/**
 * Reads records out of a log as it grows. The guest writes the log, so anything
 * may stand in it: bytes that are no record are skipped up to the next one and
 * counted, and never more than one record is held back. Records of a kind it
 * doesn't know, and those that the filter leaves out, are passed over whole, at
 * no cost of memory: a guest may make up any number of ids.
 */
export class LogRecordDecoder {
  readonly #stream: number | undefined;
  readonly #containerIds: ReadonlySet<string> | undefined;
  readonly #idLengths: ReadonlySet<number>;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** How many bytes are needed before it is worth looking again. */
  #needed = LOG_RECORD_HEADER_BYTES;
  #consumed = 0;
  #discarded = 0;

  constructor({ stream, containerIds }: LogRecordFilter = {}) {
    this.#stream = stream && STREAM_NAMES.indexOf(stream);
    this.#containerIds = containerIds && new Set(containerIds);
    this.#idLengths = new Set([...(this.#containerIds ?? [])].map(({ length }) => length));
  }

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
      const length = recordBytes(bytes, at);
      if (bytes.length - at < length) {
        this.#needed = length;
        break;
      }
      if (length === 0 || !hasIds(bytes, at)) {
        const next = nextMagic(bytes, at + 1);
        this.#discarded += next - at;
        at = next;
        continue;
      }
      if (this.#wants(bytes, at)) records.push(decodeRecord(bytes, at));
      at += length;
    }
    this.#consumed += at;
    this.#held = [];
    this.#heldBytes = 0;
    this.#hold(bytes.subarray(at));
    return records;
  }

  #wants(bytes: Buffer, at: number): boolean {
    const stream = bytes.readUInt8(at + 5);
    if (STREAM_NAMES[stream] === undefined) return false;
    if (stream === HEALTH && healthAt(bytes, at) === undefined) return false;
    if (this.#stream !== undefined && stream !== this.#stream) return false;
    if (this.#containerIds === undefined) return true;
    if (!this.#idLengths.has(bytes.readUInt8(at + 6))) return false;
    return this.#containerIds.has(containerIdOf(bytes, at));
  }

  /** A copy, so that the caller may read the next bytes into the same buffer. */
  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#held.push(Uint8Array.from(bytes));
    this.#heldBytes += bytes.length;
  }
}

/** The length of the record that begins there; 0 if none does. */
function recordBytes(bytes: Buffer, at: number): number {
  if (bytes.readUInt32LE(at) !== LOG_RECORD_MAGIC) return 0;
  if (bytes.readUInt8(at + 4) !== LOG_RECORD_VERSION) return 0;
  const stream = bytes.readUInt8(at + 5);
  const payloadBytes = bytes.readUInt32LE(at + 16);
  if (stream === 0 || payloadBytes > MAX_LOG_PAYLOAD_BYTES) return 0;
  if (stream === EXIT && payloadBytes !== EXIT_PAYLOAD_BYTES) return 0;
  if (stream === OOM && payloadBytes !== 0) return 0;
  if (stream === OVER && payloadBytes !== 1) return 0;
  if (stream === HEALTH && payloadBytes !== 1) return 0;
  const idBytes = bytes.readUInt8(at + 6) + bytes.readUInt8(at + 7);
  return LOG_RECORD_HEADER_BYTES + idBytes + payloadBytes;
}

/** True if the record's ids are such; the exec id may be empty. */
function hasIds(bytes: Buffer, at: number): boolean {
  const from = at + LOG_RECORD_HEADER_BYTES;
  const middle = from + bytes.readUInt8(at + 6);
  const end = middle + bytes.readUInt8(at + 7);
  return middle > from && isId(bytes, from, middle) && (end === middle || isId(bytes, middle, end));
}

function isId(bytes: Buffer, from: number, end: number): boolean {
  if (ID_BYTES[bytes.readUInt8(from)] !== 1) return false;
  for (let at = from + 1; at < end; at++) if (!ID_BYTES[bytes[at] ?? 0]) return false;
  return true;
}

function containerIdOf(bytes: Buffer, at: number): string {
  const from = at + LOG_RECORD_HEADER_BYTES;
  return bytes.toString("latin1", from, from + bytes.readUInt8(at + 6));
}

function healthAt(bytes: Buffer, at: number): LogHealth["health"] | undefined {
  const ids = bytes.readUInt8(at + 6) + bytes.readUInt8(at + 7);
  return HEALTHS[bytes.readUInt8(at + LOG_RECORD_HEADER_BYTES + ids)];
}

function decodeRecord(bytes: Buffer, at: number): LogRecord {
  const stream = STREAM_NAMES[bytes.readUInt8(at + 5)] ?? "stdout";
  const containerId = containerIdOf(bytes, at);
  const execIdAt = at + LOG_RECORD_HEADER_BYTES + containerId.length;
  const payloadAt = execIdAt + bytes.readUInt8(at + 7);
  const execId = bytes.toString("latin1", execIdAt, payloadAt);
  const origin = { containerId, execId, timeNs: bytes.readBigUInt64LE(at + 8) };
  if (stream === "exit") return { ...origin, stream, status: bytes.readInt32LE(payloadAt) };
  if (stream === "oom") return { ...origin, stream };
  if (stream === "over")
    return { ...origin, stream, reason: bytes.readUInt8(payloadAt) === 2 ? "idle" : "timeout" };
  if (stream === "health") return { ...origin, stream, health: healthAt(bytes, at) ?? "starting" };
  return {
    ...origin,
    stream,
    data: bytes.subarray(payloadAt, payloadAt + bytes.readUInt32LE(at + 16)),
  };
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
