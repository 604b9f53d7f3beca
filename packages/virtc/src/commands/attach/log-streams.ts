import { PassThrough, type Readable } from "node:stream";
import type { LogEntry } from "virtcontainers";
import { drained } from "../../terminal/drained.ts";

/** A log as two streams, no faster than they are read; they end, or fail, with it. */
export function logStreams(entries: AsyncIterable<LogEntry>): {
  stdout: Readable;
  stderr: Readable;
} {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const all = Object.values(streams);
  copy(entries, streams).then(
    () => {
      for (const stream of all) stream.end();
    },
    (error: Error) => {
      for (const stream of all) stream.destroy(error);
    },
  );
  return streams;
}

async function copy(
  entries: AsyncIterable<LogEntry>,
  streams: Record<LogEntry["stream"], PassThrough>,
): Promise<void> {
  for await (const { stream, data } of entries) {
    const to = streams[stream];
    if (to.destroyed) return;
    if (!to.write(data)) await drained(to);
  }
}

/** A log without its first entries. */
export async function* after<T>(entries: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let seen = 0;
  for await (const entry of entries) if (++seen > count) yield entry;
}

/** How many entries there are, and the last bytes of them. */
export async function lastOf(
  entries: AsyncIterable<LogEntry>,
  bytes: number,
): Promise<{ count: number; tail: Buffer }> {
  let count = 0;
  let tail = Buffer.alloc(0);
  for await (const { data } of entries) {
    count++;
    tail = Buffer.concat([tail, data]).subarray(-bytes);
  }
  return { count, tail };
}
