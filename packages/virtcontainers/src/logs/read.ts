import type { LogRecord, LogRecordDecoder } from "@virtcontainers/agent-protocol/ports";
import type { OpenLog } from "./log.ts";

/**
 * Goes on reading from `position` to the present end of the log, or to about `end`. The signal ends it
 * between two pieces of it.
 */
export async function* readRest(
  log: OpenLog,
  decoder: LogRecordDecoder,
  position: { offset: number },
  {
    end = Number.POSITIVE_INFINITY,
    signal,
  }: { end?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<LogRecord> {
  while (position.offset < end) {
    signal?.throwIfAborted();
    const chunk = await log.read(position.offset);
    if (chunk.length === 0) return;
    position.offset += chunk.length;
    yield* decoder.push(chunk);
  }
}
