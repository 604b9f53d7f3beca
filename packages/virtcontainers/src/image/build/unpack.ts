import { VerifiedBlob } from "../digest.ts";
import type { ImageProgress } from "../image.ts";
import type { Budget } from "../limits.ts";
import type { BuildOptions, ImageSource, LayerSource } from "../source.ts";
import type { SpoolFile } from "../spool.ts";
import type { StoreContext } from "../store/context.ts";
import type { SpooledEntry } from "../tree/apply.ts";
import { unpackLayer } from "./layer.ts";

const downloadStep = 1024 * 1024;

/** Unpacks the layers, several at once; the first failure ends the others. */
export async function unpackAll(
  context: StoreContext,
  source: ImageSource,
  spools: readonly SpoolFile[],
  budget: Budget,
  options: BuildOptions,
): Promise<SpooledEntry[][]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const results: SpooledEntry[][] = [];
  const pending = [...source.layers.entries()];
  const worker = async (): Promise<void> => {
    for (let next = pending.shift(); next; next = pending.shift()) {
      const [number, layer] = next;
      const spool = spools[number];
      if (!spool) throw new RangeError(`there is no spool ${number}`);
      context.host.failpoint("image.layer.before");
      const { digest, size, diffId } = layer;
      const strict = digest === undefined && diffId === undefined;
      const what = strict ? "the archive" : `the layer ${digest ?? diffId}`;
      const expected = { ...(digest && { digest }), ...(size !== undefined && { size }) };
      const watched = watch(layer, signal, options.onProgress);
      const blob = new VerifiedBlob(watched, expected, what);
      const unpack = { budget, signal, spoolNumber: number, diffId, strict };
      results[number] = await unpackLayer(blob, spool, unpack);
      await spool.finish();
      context.host.failpoint("image.layer.after");
    }
  };
  const workers = Array.from({ length: options.concurrency }, () =>
    worker().catch((error: unknown) => {
      stop.abort(error);
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  options.signal.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return results;
}

async function* watch(
  layer: LayerSource,
  signal: AbortSignal,
  onProgress: (progress: ImageProgress) => void,
): AsyncGenerator<Uint8Array> {
  const fixed = {
    phase: "download",
    ...(layer.digest && { layer: layer.digest }),
    ...(layer.size !== undefined && { totalBytes: layer.size }),
  } as const;
  let completedBytes = 0;
  let told = 0;
  onProgress({ ...fixed, completedBytes });
  for await (const chunk of layer.open(signal)) {
    completedBytes += chunk.length;
    if (completedBytes - told >= downloadStep) {
      told = completedBytes;
      onProgress({ ...fixed, completedBytes });
    }
    yield chunk;
  }
  onProgress({ ...fixed, completedBytes });
}
