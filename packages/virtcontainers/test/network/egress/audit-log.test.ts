import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { AuditLog } from "../../../src/network/egress/helper/audit-log.ts";
import { logName, olderLogName } from "../../../src/network/egress/helper-config.ts";
import { testFolder } from "../../support/folder.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const mebibyte = 1024 * 1024;
const denied = { verdict: "deny", kind: "dns", rule: "default" } as const;
const sizes = (folder: string) =>
  [logName, olderLogName].map((name) => statSync(join(folder, name)).size);

/** Time in which all decisions may be written. */
function timePasses(): void {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += 1000;
    return now;
  });
}

it("is two files of 4 MiB at most, however much is decided, and goes on where it was", async () => {
  timePasses();
  const folder = await testFolder();
  // As a helper that was started again finds it.
  writeFileSync(join(folder, logName), "x".repeat(3 * mebibyte));
  const log = new AuditLog(folder);
  const name = "é".repeat(5000);
  let most = 0;
  for (let count = 0; count < 1500; count += 1) {
    log.write({ ...denied, name });
    most = Math.max(most, statSync(join(folder, logName)).size);
  }
  expect(most).toBeLessThanOrEqual(4 * mebibyte);
  for (const size of sizes(folder)) {
    expect(size).toBeLessThanOrEqual(4 * mebibyte);
    expect(size).toBeGreaterThan(mebibyte / 2);
  }
  const last = readFileSync(join(folder, logName), "utf8").trim().split("\n").at(-1) ?? "";
  expect(JSON.parse(last)).toMatchObject({ ...denied, name });
  expect(log.counts).toEqual({ "deny dns default": 1500 });
});

it("writes so many a second, and tells how many were left out", async () => {
  const folder = await testFolder();
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const log = new AuditLog(folder);
  for (let count = 0; count < 1000; count += 1) log.write(denied);
  now = 1000;
  log.write(denied);
  const lines = readFileSync(join(folder, logName), "utf8").trim().split("\n");
  expect(lines).toHaveLength(401);
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ skipped: 600 });
  expect(log.counts).toEqual({ "deny dns default": 1001 });
});
