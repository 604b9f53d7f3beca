import type { Random } from "./random.ts";

const numbers = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x200, 0x7fff, 0xffff, 0x10000];
const bigNumbers = [0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const texts = [
  "..",
  "/",
  "\0",
  "-1",
  "99999999999999999999",
  "0x",
  "\u202e",
  "__proto__",
  "é",
  " ",
  "\n",
];

type Edit = (random: Random, bytes: Buffer, seeds: readonly Buffer[]) => Buffer;

const edits: readonly Edit[] = [
  (random, bytes) => put(bytes, random, random.bytes(1)),
  (random, bytes) => {
    const at = random.below(bytes.length);
    return put(bytes, random, Buffer.from([(bytes[at] ?? 0) ^ (1 << random.below(8))]), at);
  },
  (random, bytes) => {
    const number = Buffer.alloc(4);
    const value = random.pick([...numbers, ...bigNumbers]);
    if (random.oneIn(2)) number.writeUInt32LE(value);
    else number.writeUInt32BE(value);
    return put(bytes, random, number.subarray(0, random.pick([1, 2, 4])));
  },
  (random, bytes) => put(bytes, random, Buffer.from(random.pick(texts))),
  (random, bytes) =>
    put(bytes, random, Buffer.from(String(random.pick([...numbers, ...bigNumbers])))),
  (random, bytes) => insert(bytes, random.below(bytes.length + 1), random.bytes(random.below(40))),
  (random, bytes) => insert(bytes, random.below(bytes.length + 1), Buffer.from(random.pick(texts))),
  (random, bytes) => {
    const [from, end] = range(random, bytes);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(end)]);
  },
  (random, bytes) => {
    const [from, end] = range(random, bytes);
    const times = 1 + random.below(random.oneIn(20) ? 2000 : 4);
    const part = bytes.subarray(from, Math.min(end, from + 64 * 1024));
    const most = Math.max(1, Math.floor((1024 * 1024) / Math.max(1, part.length)));
    return insert(bytes, from, Buffer.concat(Array(Math.min(times, most)).fill(part)));
  },
  (random, bytes, seeds) => {
    const other = random.pick(seeds);
    const [from, end] = range(random, other);
    return insert(bytes, random.below(bytes.length + 1), other.subarray(from, end));
  },
  (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
];

/** One of the seeds with one to some changes; most stay close to it, so that they get far. */
export function mutate(random: Random, seeds: readonly Buffer[]): Buffer {
  let bytes = Buffer.from(random.pick(seeds));
  for (let left = 1 + random.below(random.oneIn(4) ? 16 : 3); left > 0; left--) {
    bytes = Buffer.from(random.pick(edits)(random, bytes, seeds));
    if (bytes.length > 4 * 1024 * 1024) bytes = bytes.subarray(0, 4 * 1024 * 1024);
  }
  return bytes;
}

export function mutateText(random: Random, seeds: readonly string[]): string {
  return mutate(
    random,
    seeds.map((seed) => Buffer.from(seed)),
  ).toString("utf8");
}

function put(
  bytes: Buffer,
  random: Random,
  value: Buffer,
  at = random.below(bytes.length),
): Buffer {
  const copy = Buffer.from(bytes);
  value.copy(copy, at);
  return copy;
}

function insert(bytes: Buffer, at: number, value: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), value, bytes.subarray(at)]);
}

/** A part, often one that begins and ends at a block of a tar. */
function range(random: Random, bytes: Buffer): [number, number] {
  const step = random.oneIn(2) ? 512 : 1;
  const from = Math.floor(random.below(bytes.length + 1) / step) * step;
  const most = random.oneIn(3) ? bytes.length - from : 64;
  return [from, Math.min(bytes.length, from + step * (1 + random.below(Math.max(1, most / step))))];
}
