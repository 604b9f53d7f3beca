import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cpio, padded } from "../cpio.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtc-cpio-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("makes an archive that cpio unpacks", () => {
  const archive = cpio([
    { path: "bin", mode: 0o040755 },
    { path: "bin/tool", mode: 0o100755, data: Buffer.from("#!/bin/sh\n") },
    { path: "odd", mode: 0o100644, data: Buffer.from("12345") },
  ]);
  execFileSync("cpio", ["-id", "--quiet"], { cwd: folder, input: archive });
  expect(readFileSync(join(folder, "bin/tool"), "utf8")).toBe("#!/bin/sh\n");
  expect(statSync(join(folder, "bin/tool")).mode & 0o777).toBe(0o755);
  expect(readFileSync(join(folder, "odd"), "utf8")).toBe("12345");
});

it("fills up to four bytes", () => {
  expect(padded(Buffer.from("12345")).length).toBe(8);
  expect(padded(Buffer.from("1234")).length).toBe(4);
});
