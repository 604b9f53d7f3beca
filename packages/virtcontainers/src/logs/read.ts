import type { FileHandle } from "node:fs/promises";
import type { LogRecord, LogRecordDecoder } from "@virtcontainers/agent-protocol/ports";

const chunkBytes = 256 * 1024;

/**
 * Goes on reading from `position` to the present end of the file, or to about `end`. The signal ends it
 * between two pieces of the file.
 */
export async function* readRest(
  file: FileHandle,
  decoder: LogRecordDecoder,
  position: { offset: number },
  {
    end = Number.POSITIVE_INFINITY,
    signal,
  }: { end?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<LogRecord> {
  while (position.offset < end) {
    signal?.throwIfAborted();
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, position.offset);
    if (bytesRead === 0) return;
    position.offset += bytesRead;
    yield* decoder.push(chunk.subarray(0, bytesRead));
  }
}
