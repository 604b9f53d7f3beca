import { gzipSync } from "node:zlib";
import { decompressed } from "../../../packages/virtcontainers/src/image/build/decompress.ts";
import { planImage } from "../../../packages/virtcontainers/src/image/erofs/plan.ts";
import { Budget } from "../../../packages/virtcontainers/src/image/limits.ts";
import { StreamBytes } from "../../../packages/virtcontainers/src/image/tar/bytes.ts";
import { readTar } from "../../../packages/virtcontainers/src/image/tar/read.ts";
import { applyEntry } from "../../../packages/virtcontainers/src/image/tree/apply.ts";
import { impliedDirectory } from "../../../packages/virtcontainers/src/image/tree/node.ts";
import type { Random } from "../random.ts";

const limits = { maxBytes: 64 * 2 ** 20, maxEntries: 20_000, maxMetadataBytes: 16 * 2 ** 20 };

/** Unpacks a layer as an import does, with a small budget and without its files' content. */
export async function unpack(layer: AsyncIterable<Uint8Array>, strict: boolean): Promise<void> {
  const budget = new Budget(limits);
  const root = impliedDirectory();
  const bytes = new StreamBytes(counted(decompressed(layer), budget));
  try {
    for await (const { body, ...entry } of readTar(bytes, { strict })) {
      budget.takeEntry(entry.path.length + entry.linkTarget.length);
      for await (const part of body()) if (part.length === 0) throw new Error("an empty part");
      const data = { spool: 0, offset: 0, size: entry.size };
      applyEntry(root, { ...entry, data }, 1, budget);
    }
  } finally {
    await bytes.close();
  }
  const { totalBytes } = await planImage(root);
  if (!Number.isSafeInteger(totalBytes)) throw new Error(`an image of ${totalBytes} bytes`);
}

async function* counted(source: AsyncIterable<Uint8Array>, budget: Budget) {
  for await (const part of source) {
    budget.takeBytes(part.length);
    yield part;
  }
}

/** In pieces of some size, as from a connection. */
export async function* pieces(random: Random, bytes: Buffer): AsyncGenerator<Uint8Array> {
  const size = random.pick([100, 511, 512, 4096, 65_536, 1_000_000]);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Packed or not, sometimes with a damage in what is packed. */
export function maybePacked(random: Random, bytes: Buffer): Buffer {
  if (!random.oneIn(4)) return bytes;
  const packed = gzipSync(bytes, { level: 1 });
  if (random.oneIn(3) && packed.length > 0) packed[random.below(packed.length)] = random.below(256);
  return packed;
}

const zeros = Buffer.alloc(512);

/** Makes the checksums of all headers right again, for most that is changed is in headers. */
export function withChecksums(random: Random, tar: Buffer): Buffer {
  if (random.oneIn(5)) return tar;
  const fixed = Buffer.from(tar);
  for (let at = 0; at + 512 <= fixed.length; at += 512) {
    const block = fixed.subarray(at, at + 512);
    if (block.equals(zeros) || !/^[0-7 \0]{8}$/.test(block.toString("latin1", 148, 156))) continue;
    block.write("        ", 148, "latin1");
    let sum = 0;
    for (const byte of block) sum += byte;
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  }
  return fixed;
}
