import { expect, test } from "vitest";
import type { JournalRecord } from "../../src/journal/event.ts";
import { DuplicateFilter } from "../../src/monitor/duplicate-filter.ts";

const event = (n: number, more: Partial<JournalRecord> = {}): JournalRecord => ({
  type: "updated",
  time: new Date(n).toISOString(),
  sandboxId: "sb",
  ...more,
});

test("what was written twice is heard once, and again for a sandbox of the same id made anew", () => {
  const duplicates = new DuplicateFilter();
  expect(duplicates.isNew(event(1, { key: "a" }))).toBe(true);
  expect(duplicates.isNew(event(1, { key: "a" }))).toBe(false);
  expect(duplicates.isNew(event(1, { key: "a", sandboxId: "other" }))).toBe(true);
  expect(duplicates.isNew(event(2))).toBe(true);
  expect(duplicates.isNew(event(2))).toBe(true);
  expect(duplicates.isNew(event(3, { type: "deleted" }))).toBe(true);
  expect(duplicates.isNew(event(1, { key: "a" }))).toBe(true);
});
