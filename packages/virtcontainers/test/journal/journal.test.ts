import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFaultyHost } from "../../src/host/faulty.ts";
import { createHost } from "../../src/host/real.ts";
import type { JournalRecord } from "../../src/journal/event.ts";
import { Journal, type JournalPosition } from "../../src/journal/journal.ts";
import { JournalReader } from "../../src/journal/reader.ts";
import { keptSegments, segmentBytes } from "../../src/journal/segments.ts";

let base: string;
let folder: string;
let journal: Journal;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "journal-"));
  folder = join(base, "state", "events");
  journal = new Journal(createHost(), folder);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const event = (n: number, more: Partial<JournalRecord> = {}): JournalRecord => ({
  type: "updated",
  time: new Date(n).toISOString(),
  sandboxId: "sb",
  exitCode: n,
  ...more,
});

async function numbers(reader: JournalReader): Promise<(number | undefined)[]> {
  const read: (number | undefined)[] = [];
  for await (const { exitCode } of reader.rest()) read.push(exitCode);
  return read;
}

const readerFrom = (position: JournalPosition): JournalReader =>
  new JournalReader(folder, position);

test("is read from a position on, and later what has come since", async () => {
  await using all = readerFrom(journal.end());
  expect(await numbers(all)).toEqual([]);
  await journal.append(event(1));
  await using rest = readerFrom(journal.end());
  await journal.append(event(2));
  expect(await numbers(all)).toEqual([1, 2]);
  expect(await numbers(rest)).toEqual([2]);
  await journal.append(event(3));
  expect(await numbers(all)).toEqual([3]);
});

test("is for its owner alone, in a state folder that VMMs pass through", async () => {
  await journal.append(event(1));
  const mode = (path: string): number => statSync(path).mode & 0o777;
  expect(mode(join(base, "state"))).toBe(0o711);
  expect(mode(folder)).toBe(0o700);
  expect(mode(join(folder, "1.jsonl"))).toBe(0o600);
});

test("a line cut by a full disk, garbage and wrong records are passed over", async () => {
  await journal.append(event(1));
  const path = join(folder, "1.jsonl");
  appendFileSync(path, `{"type":"up`);
  await journal.append(event(2));
  appendFileSync(path, `garbage\n{"type":"bogus","time":"now","sandboxId":"sb"}\n{"a":1}\n`);
  appendFileSync(path, `${"x".repeat(100_000)}\n`);
  appendFileSync(path, `${JSON.stringify(event(3, { sandboxId: "../sb" }))}\n`);
  await journal.append(event(4));
  await using reader = readerFrom(journal.beginning());
  expect(await numbers(reader)).toEqual([1, 2, 4]);
});

test("stays small: old files go, and who follows misses nothing", async () => {
  await using reader = readerFrom(journal.end());
  const heard: (number | undefined)[] = [];
  for (let n = 1; n <= keptSegments + 2; n++) {
    await journal.append(event(n));
    // Empty lines, which count for nothing but the size.
    appendFileSync(join(folder, `${n}.jsonl`), "\n".repeat(segmentBytes));
    await journal.append(event(n + 100));
    heard.push(...(await numbers(reader)));
  }
  expect(heard).toEqual([1, 101, 2, 102, 3, 103, 4, 104, 5, 105, 6, 106]);
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  expect(files.length).toBe(keptSegments);
  expect(files).not.toContain("1.jsonl");
  await using late = readerFrom({ segment: 1, offset: 0 });
  await expect(numbers(late)).rejects.toMatchObject({ code: "INVALID_STATE" });
});

test("writers at once never tear a line, also while a new file is begun", async () => {
  await using reader = readerFrom(journal.end());
  const reason = "y".repeat(250);
  const writers = Array.from({ length: 8 }, () => new Journal(createHost(), folder));
  const each = 400;
  await Promise.all(
    writers.map(async (writer, w) => {
      for (let n = 0; n < each; n++) await writer.append(event(w * each + n, { reason }));
    }),
  );
  const heard = await numbers(reader);
  expect(heard.length).toBe(8 * each);
  for (let w = 0; w < 8; w++) {
    const own = heard.filter((n) => n !== undefined && Math.floor(n / each) === w);
    expect(own).toEqual(Array.from({ length: each }, (_, n) => w * each + n));
  }
}, 60_000);

test("a new file that can't be begun, since somebody never lets go, is left to the next writer", async () => {
  await journal.append(event(0));
  const lock = await createHost().locks.acquire(join(folder, "lock"), "shared");
  appendFileSync(join(folder, "1.jsonl"), "x".repeat(segmentBytes));
  await journal.append(event(1));
  expect(readdirSync(folder)).not.toContain("2.jsonl");
  lock?.release();
  await journal.append(event(2));
  await journal.append(event(3));
  expect(journal.end().segment).toBe(2);
  await using reader = readerFrom({ segment: 2, offset: 0 });
  expect(await numbers(reader)).toEqual([3]);
});

test("a lock that can't be had fails the write, and only that", async () => {
  const host = createFaultyHost(createHost(), [{ at: "locks.acquire", nth: 2, with: "EMFILE" }]);
  const faulty = new Journal(host, folder);
  await faulty.append(event(1));
  await expect(faulty.append(event(2))).rejects.toThrow("EMFILE");
  await faulty.append(event(3));
  await using reader = readerFrom(journal.beginning());
  expect(await numbers(reader)).toEqual([1, 3]);
});
