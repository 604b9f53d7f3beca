import { randomBytes, randomInt } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeLogRecord, LogRecordDecoder } from "@virtcontainers/agent-protocol/ports";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogDiskWriter } from "../../src/hypervisor/mock/log-disk.ts";
import { makeLogDisk } from "../../src/logs/disk/make.ts";
import { publishedBytes } from "../../src/logs/disk/published.ts";
import { openLog } from "../../src/logs/open.ts";
import { readRest } from "../../src/logs/read.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "log-disk-"));
  path = join(folder, "log.disk");
  await makeLogDisk(path, 4 << 20, undefined);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const record = (data: Uint8Array) =>
  encodeLogRecord({ containerId: "c1", execId: "", timeNs: 1n, stream: "stdout", data });

async function readAll(position = { offset: 0 }): Promise<Buffer[]> {
  await using log = await openLog(path);
  if (log === undefined) throw new Error("there is no log");
  const found: Buffer[] = [];
  for await (const entry of readRest(log, new LogRecordDecoder(), position))
    if (entry.stream === "stdout") found.push(Buffer.from(entry.data));
  return found;
}

test("the disk begins with its header, and the rest of it takes no room", () => {
  const disk = readFileSync(path);
  expect(disk.length).toBe(4 << 20);
  expect(disk.subarray(0, 512).toString("latin1")).toBe(
    "VIRTCLOGDISK1\n4194304\n".padEnd(512, "\0"),
  );
  expect(disk.subarray(512).every((byte) => byte === 0)).toBe(true);
});

test("records of all lengths are read as they were written, zeros in them too", async () => {
  const writer = new LogDiskWriter(path);
  const written = [0, 1, 490, 491, 492, 512, 65_536].map((length) => Buffer.alloc(length));
  while (written.length < 60) written.push(randomBytes(randomInt(40_000)));
  for (const data of written) writer.append(record(data));
  const found = await readAll();
  expect(found.map(({ length }) => length)).toEqual(written.map(({ length }) => length));
  expect(Buffer.concat(found).equals(Buffer.concat(written))).toBe(true);
});

test("reading goes on where it ended, at the next record", async () => {
  const writer = new LogDiskWriter(path);
  const position = { offset: 0 };
  for (const text of ["a", "b".repeat(2000), ""]) {
    writer.append(record(Buffer.from(text)));
    expect(String(await readAll(position))).toBe(text);
    expect(await readAll(position)).toEqual([]);
  }
});

test("a record whose first block is not written yet is not there, whatever stands behind it", async () => {
  new LogDiskWriter(path).append(record(Buffer.from("first")));
  const second = Buffer.from(record(Buffer.alloc(3000, "y")));
  const at = 512 + record(Buffer.from("first")).length;
  const file = openSync(path, "r+");
  writeSync(file, second, 1024 - at, second.length - (1024 - at), 1024);
  expect(String(await readAll())).toBe("first");
  writeSync(file, second, 0, 1024 - at, at);
  closeSync(file);
  expect((await readAll()).map((data) => data.length)).toEqual([5, 3000]);
});

test("what a hostile guest writes ends the reading or is passed over; it is never read for ever", async () => {
  const file = openSync(path, "r+");
  const good = Buffer.from(record(Buffer.from("good")));
  const lie = Buffer.from(good);
  lie.writeUInt32LE(0xffff_ffff, 16);
  const garbage = Buffer.from("garbage VCL");
  writeSync(file, Buffer.concat([garbage, good, lie, good]), 0, undefined, 512);
  expect(String(await readAll())).toBe("good");
  writeSync(file, Buffer.alloc(4 << 20, "V"), 0, undefined, 0);
  closeSync(file);
  expect(await readAll()).toEqual([]);
});

test("only whole records count", () => {
  const one = Buffer.from(record(Buffer.from("abc")));
  const zeros = Buffer.alloc(100);
  expect(publishedBytes(Buffer.concat([one, zeros]))).toBe(one.length);
  expect(publishedBytes(Buffer.concat([one, one.subarray(0, 19)]))).toBe(one.length);
  expect(publishedBytes(Buffer.concat([one, one.subarray(0, one.length - 1)]))).toBe(one.length);
  expect(publishedBytes(zeros)).toBe(0);
});
