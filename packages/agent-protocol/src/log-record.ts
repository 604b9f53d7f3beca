/**
 * The records of the log port, in which the agent hands on the output of
 * detached processes. Little-endian:
 *
 *     u32 magic "VCLG" | u8 version 1 | u8 stream | u8 container id length |
 *     u8 exec id length | u64 unix time, ns | u32 payload length |
 *     container id | exec id | payload
 */

export const LOG_RECORD_HEADER_BYTES = 20;
/** The longest payload of one record. */
export const MAX_LOG_PAYLOAD_BYTES = 64 * 1024;
export const LOG_RECORD_MAGIC = 0x474c4356;
export const LOG_RECORD_VERSION = 1;
export const EXIT_PAYLOAD_BYTES = 4;

/** Stands for a container's id in records that are about the machine. */
export const machineId = "machine";

const STREAMS = { stdout: 1, stderr: 2, exit: 3, oom: 4, over: 5, health: 6 } as const;

interface LogRecordOrigin {
  containerId: string;
  /** Empty: the container's init. */
  execId: string;
  /** Unix time of the guest's clock in nanoseconds. */
  timeNs: bigint;
}

export interface LogOutput extends LogRecordOrigin {
  stream: "stdout" | "stderr";
  data: Uint8Array;
}

/** The last record of a process. */
export interface LogExit extends LogRecordOrigin {
  stream: "exit";
  /** The exit code, or 128 + the signal's number. */
  status: number;
}

/** The kernel has ended a process of the container because the container's memory was used up. */
export interface LogOom extends LogRecordOrigin {
  stream: "oom";
}

/** The machine ends by itself: its time is over, or nobody has used it for long. */
export interface LogOver extends LogRecordOrigin {
  stream: "over";
  reason: "timeout" | "idle";
}

/** By their numbers in the record. */
export const HEALTHS = [undefined, "starting", "healthy", "unhealthy"] as const;

/** What the health check of a container tells is another now. */
export interface LogHealth extends LogRecordOrigin {
  stream: "health";
  health: NonNullable<(typeof HEALTHS)[number]>;
}

export type LogRecord = LogOutput | LogExit | LogOom | LogOver | LogHealth;

/** @throws RangeError if an id or the payload is too long for its length field. */
export function encodeLogRecord(record: LogRecord): Uint8Array {
  const encoder = new TextEncoder();
  const containerId = encoder.encode(record.containerId);
  const execId = encoder.encode(record.execId);
  const payload = payloadOf(record);
  if (containerId.length > 255 || execId.length > 255) {
    throw new RangeError("an id in a log record may have at most 255 bytes");
  }
  if (payload.length > MAX_LOG_PAYLOAD_BYTES) {
    throw new RangeError(
      `a log record holds at most ${MAX_LOG_PAYLOAD_BYTES} bytes, not ${payload.length}`,
    );
  }
  const bytes = Buffer.alloc(LOG_RECORD_HEADER_BYTES);
  bytes.writeUInt32LE(LOG_RECORD_MAGIC, 0);
  bytes.writeUInt8(LOG_RECORD_VERSION, 4);
  bytes.writeUInt8(STREAMS[record.stream], 5);
  bytes.writeUInt8(containerId.length, 6);
  bytes.writeUInt8(execId.length, 7);
  bytes.writeBigUInt64LE(record.timeNs, 8);
  bytes.writeUInt32LE(payload.length, 16);
  return Buffer.concat([bytes, containerId, execId, payload]);
}

function payloadOf(record: LogRecord): Uint8Array {
  if (record.stream === "oom") return new Uint8Array();
  if (record.stream === "over") return Uint8Array.of(record.reason === "idle" ? 2 : 1);
  if (record.stream === "health") return Uint8Array.of(HEALTHS.indexOf(record.health));
  return record.stream === "exit" ? encodeExit(record.status) : record.data;
}

function encodeExit(status: number): Uint8Array {
  const payload = Buffer.alloc(EXIT_PAYLOAD_BYTES);
  payload.writeInt32LE(status);
  return payload;
}
