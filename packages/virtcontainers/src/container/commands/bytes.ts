import { Readable } from "node:stream";
import type { CommandOutputOptions } from "../../config/commands.ts";
import type { CommandChunk } from "./output.ts";

/** One stream of a command as bytes. Who leaves ends the reading at once, also while nothing comes. */
export function bytesOf(
  stream: "stdout" | "stderr",
  options: CommandOutputOptions,
  output: (options: CommandOutputOptions) => AsyncGenerator<CommandChunk>,
): Readable {
  const left = new AbortController();
  const signals = options.signal === undefined ? [] : [options.signal];
  const chunks = output({ ...options, signal: AbortSignal.any([...signals, left.signal]) });
  const next = async (): Promise<Uint8Array | null> => {
    for (;;) {
      const { done, value } = await chunks.next();
      if (done) return null;
      if (value.stream === stream) return value.data;
    }
  };
  return new Readable({
    highWaterMark: 64 * 1024,
    read() {
      next().then(
        (data) => this.push(data),
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
      );
    },
    destroy(error, callback) {
      // Whether it waits for more, or was left between two pieces.
      left.abort(new Error("the stream was destroyed"));
      chunks.return(undefined).catch(() => {});
      callback(error);
    },
  });
}
