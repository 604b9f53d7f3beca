import type { FileHandle } from "node:fs/promises";
import { type LogRecord, LogRecordDecoder } from "@virtcontainers/agent-protocol/ports";
import { openUntrusted } from "../host/files.ts";

const chunkBytes = 256 * 1024;

/** The records that stand in a log file, from its beginning to its present end. */
export async function* readRecords(path: string): AsyncGenerator<LogRecord> {
  await using file = await openUntrusted(path);
  if (file === undefined) return;
  const decoder = new LogRecordDecoder();
  yield* readRest(file, decoder, { offset: 0 });
}

/** Goes on reading from `position` to the present end of the file, or to about `end`. */
export async function* readRest(
  file: FileHandle,
  decoder: LogRecordDecoder,
  position: { offset: number },
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<LogRecord> {
  while (position.offset < end) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, position.offset);
    if (bytesRead === 0) return;
    position.offset += bytesRead;
    yield* decoder.push(chunk.subarray(0, bytesRead));
  }
}
