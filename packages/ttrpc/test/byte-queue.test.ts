import { expect, test } from "vitest";
import { ByteQueue } from "../src/byte-queue.ts";
import { cut } from "./support/bytes.ts";
import { randomBytes, randomInt, seededRandom } from "./support/random.ts";

test("one chunk comes out as the very bytes that went in", () => {
  const queue = new ByteQueue();
  const chunk = Uint8Array.of(1, 2, 3);
  queue.push(chunk);
  expect(queue.take()).toBe(chunk);
  expect(queue.length).toBe(0);
});

test("large chunks are held as they are until they are joined", () => {
  const queue = new ByteQueue();
  const chunks = [new Uint8Array(5000).fill(1), new Uint8Array(5000).fill(2)];
  for (const chunk of chunks) queue.push(chunk);
  expect(Buffer.concat(chunks).equals(queue.take())).toBe(true);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("any cutting joins to the same bytes (seed %i)", (seed) => {
  const random = seededRandom(seed);
  const queue = new ByteQueue();
  for (const length of [1, 20_000, 70_000]) {
    const bytes = randomBytes(random, length);
    const longest = [3, 600, 9000][randomInt(random, 3)] ?? 1;
    for (const piece of cut(bytes, () => randomInt(random, longest))) queue.push(piece);
    expect(queue.length).toBe(length);
    expect(Buffer.from(bytes).equals(queue.take())).toBe(true);
  }
});

test("small chunks that have been taken in are not referred to any more", () => {
  const queue = new ByteQueue();
  const scratch = new Uint8Array(1);
  queue.push(Uint8Array.of(9));
  for (const byte of [1, 2, 3]) {
    scratch[0] = byte;
    queue.push(scratch);
  }
  expect([...queue.take()]).toEqual([9, 1, 2, 3]);
});
