import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeAtomic } from "../../src/store/files.ts";
import { testFolder } from "../support/folder.ts";

test.each([
  ["a pipe", (path: string) => void execFileSync("mkfifo", [path])],
  ["a link", (path: string) => symlinkSync("/dev/null", path)],
  ["a folder", (path: string) => mkdirSync(path)],
])("%s is not replaced by a file", async (_what, make) => {
  const path = join(await testFolder(), "file");
  make(path);
  const before = lstatSync(path).ino;
  await expect(writeAtomic(path, "text")).rejects.toMatchObject({ code: "HOST_FAILED" });
  expect(lstatSync(path).ino).toBe(before);
});

test("a file is replaced by one that is ours alone", async () => {
  const path = join(await testFolder(), "file");
  writeFileSync(path, "old", { mode: 0o644 });
  await writeAtomic(path, "new");
  expect([readFileSync(path, "utf8"), lstatSync(path).mode & 0o777]).toEqual(["new", 0o600]);
});
