import { once } from "node:events";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { FrameWriter } from "../src/frame-writer.ts";
import { TtrpcClient } from "../src/index.ts";
import { refusal } from "./support/refusal.ts";

/** A stream that takes bytes only when told to. */
class Sluice extends Duplex {
  readonly taken: Buffer[] = [];
  #release: (() => void) | undefined;

  constructor() {
    super({ writableHighWaterMark: 16 });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.taken.push(chunk);
    this.#release = done;
  }

  get takenBytes(): number {
    return Buffer.concat(this.taken).length;
  }

  letThrough(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  /** Takes everything, however often the stream fills up. */
  async open(): Promise<void> {
    while (this.writableLength > 0) {
      const drained = this.writableNeedDrain ? once(this, "drain") : undefined;
      this.letThrough();
      if (this.writableLength === 0) await drained;
    }
  }
}

const frame = (byte: number, length = 20) =>
  [new Uint8Array(10).fill(byte), new Uint8Array(length).fill(byte)] as const;

test("a frame is written whole, short or long", () => {
  const stream = new Sluice();
  const writer = new FrameWriter(stream);
  writer.send(1, frame(1, 3));
  expect(stream.taken.map((chunk) => chunk.length)).toEqual([13]);
});

test("a long payload is not copied", async () => {
  const stream = new Sluice();
  const writer = new FrameWriter(stream);
  const [head, payload] = frame(1, 5000);
  writer.send(1, [head, payload]);
  await stream.open();
  expect(stream.taken[1]?.buffer).toBe(payload.buffer);
});

test("while the stream is full frames wait outside it, then go out in order", async () => {
  const stream = new Sluice();
  const writer = new FrameWriter(stream);
  for (const id of [1, 3, 5, 7]) writer.send(id, frame(id));
  expect(writer.waiting).toBe(3);
  expect(stream.writableLength).toBe(30);
  await stream.open();
  expect(writer.waiting).toBe(0);
  expect([...new Set(Buffer.concat(stream.taken))]).toEqual([1, 3, 5, 7]);
  expect(stream.takenBytes).toBe(4 * 30);
});

test("a frame that waits can be withdrawn, one that was written cannot", async () => {
  const stream = new Sluice();
  const writer = new FrameWriter(stream);
  writer.send(1, frame(1));
  writer.send(3, frame(3));
  expect(writer.withdraw(1)).toBe(false);
  expect(writer.withdraw(3)).toBe(true);
  await stream.open();
  expect([...new Set(Buffer.concat(stream.taken))]).toEqual([1]);
});

test("a client's calls that are given up while the stream is full leave nothing behind", async () => {
  const stream = new Sluice();
  const client = new TtrpcClient(stream);
  const controller = new AbortController();
  const calls = Array.from({ length: 1000 }, () =>
    client.call("s", "m", new Uint8Array(5000), { signal: controller.signal }),
  );
  const failures = Promise.all(calls.map(refusal));
  await Promise.resolve();
  // The first call's bytes are in the stream, those of the others are not.
  expect(stream.writableLength).toBeLessThan(6000);
  controller.abort();
  expect((await failures).every((error) => error.code === "cancelled")).toBe(true);
  await stream.open();
  expect(stream.takenBytes).toBeLessThan(6000);
  client.close();
});
