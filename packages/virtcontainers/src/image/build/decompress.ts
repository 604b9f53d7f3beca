import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { invalidImage } from "../failure.ts";
import { unzstd } from "./zstd.ts";

const known: readonly (readonly [string, RegExp])[] = [
  ["bzip2", /^425a68/],
  ["xz", /^fd377a585a00/],
  ["lz4", /^04224d18/],
];

/** Undoes gzip or zstd, told by their first bytes and not by a media type; passes other data on. */
export async function* decompressed(
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 8) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const whole = prepend(head, iterator);
  const start = head.toString("hex", 0, 8);
  const other = known.find(([, pattern]) => pattern.test(start));
  if (other) {
    await iterator.return?.();
    throw invalidImage(
      `the layer is compressed with ${other[0]}; gzip, zstd or nothing is possible`,
    );
  }
  if (start.startsWith("1f8b")) yield* gunzip(whole);
  else if (/^28b52ffd|^5.2a4d18/.test(start)) yield* unzstd(whole, signal);
  else yield* whole;
}

async function* prepend(
  head: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGunzip({ chunkSize: 256 * 1024 });
  pipeline(source, stream, () => {});
  yield* stream;
}
