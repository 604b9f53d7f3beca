import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ExecInput } from "../../config/exec.ts";
import { isVirtError } from "../../errors.ts";
import { lostInput } from "../process/io.ts";

/**
 * Gives a command its input, if there is any. It may end without reading it all, which is its right and no error. Rejects
 * if what it is given can't be read, and never settles else.
 */
export async function feed(input: ExecInput | undefined, stdin: Writable): Promise<never> {
  if (input === undefined) return await never();
  const source = inputStream(input);
  let refused = false;
  source.once("error", () => stdin.off("error", onRefused));
  const onRefused = (error: Error): void => {
    const lost = isVirtError(error) && error.phase === lostInput;
    refused = !lost && !("code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE");
  };
  stdin.once("error", onRefused);
  await pipeline(source, stdin).catch((error: unknown) => {
    if (!refused) throw error;
  });
  return await never();
}

/** Another each time: one that all waited for would keep all of them. */
function never(): Promise<never> {
  return new Promise(() => {});
}

function inputStream(input: ExecInput): Readable {
  if (input instanceof Readable) return input;
  if (typeof input === "string" || input instanceof Uint8Array)
    return Readable.from([input], { objectMode: false });
  if (input instanceof ReadableStream) {
    return Readable.fromWeb(input as import("node:stream/web").ReadableStream);
  }
  return Readable.from(input, { objectMode: false });
}
