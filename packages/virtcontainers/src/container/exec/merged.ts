import { PassThrough, type Readable } from "node:stream";
import { drained } from "../../drained.ts";
import type { ExecChunk } from "./output.ts";

/** Chunks of both streams of a command as they come, with few of them under way. */
export function merged(streams: Readonly<Record<ExecChunk["stream"], Readable>>): Readable {
  const chunks = new PassThrough({ objectMode: true, highWaterMark: 1 });
  const forward = async (stream: ExecChunk["stream"]): Promise<void> => {
    for await (const data of streams[stream] as AsyncIterable<Uint8Array>) {
      if (!chunks.write({ stream, data } satisfies ExecChunk)) await drained(chunks);
      if (chunks.destroyed) return;
    }
  };
  // Who leaves does so also while there is nothing to read.
  chunks.once("close", () => {
    for (const one of Object.values(streams)) one.destroy();
  });
  Promise.all([forward("stdout"), forward("stderr")]).then(
    () => chunks.end(),
    (error: unknown) => chunks.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return chunks;
}
