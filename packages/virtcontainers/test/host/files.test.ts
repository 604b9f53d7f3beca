import { execFileSync } from "node:child_process";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openUntrusted } from "../../src/host/files.ts";
import { testFolder } from "../support/folder.ts";

test("only a regular file is opened: no symlink, no pipe that would wait, no folder", async () => {
  const folder = await testFolder();
  const path = join(folder, "file");
  await writeFile(path, "content");
  await symlink(path, join(folder, "link"));
  execFileSync("mkfifo", [join(folder, "pipe")]);
  for (const name of ["link", "pipe", ".", "none", "file/below"]) {
    expect(await openUntrusted(join(folder, name))).toBeUndefined();
  }
  await using file = await openUntrusted(path);
  expect(await file?.readFile("utf8")).toBe("content");
});
