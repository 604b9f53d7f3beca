import { describe, expect, test } from "vitest";
import { encodeLogRecord, type LogRecord, LogRecordDecoder } from "../src/ports.ts";

const origin = { containerId: "c1", execId: "", timeNs: 5n };
const output = (text: string, more = {}): LogRecord => ({
  ...origin,
  stream: "stdout",
  data: Buffer.from(text),
  ...more,
});
const RECORDS: LogRecord[] = [
  output("hello"),
  output("", { stream: "stderr", execId: "e-1.x_y" }),
  output("x".repeat(64 * 1024)),
  { ...origin, stream: "exit", status: 137 },
  { ...origin, stream: "exit", status: -2 },
  { ...origin, stream: "oom" },
  { ...origin, containerId: "machine", stream: "over", reason: "timeout" },
  { ...origin, containerId: "machine", stream: "over", reason: "idle" },
  { ...origin, stream: "health", health: "unhealthy" },
];
const LOG = Buffer.concat(RECORDS.map(encodeLogRecord));

/** Records as plain text, to compare them whatever kind of array their data is. */
const plain = (records: LogRecord[]) =>
  records.map((record) =>
    "data" in record ? { ...record, data: Buffer.from(record.data).toString() } : record,
  );

function decodeInSteps(bytes: Uint8Array, step: number) {
  const decoder = new LogRecordDecoder();
  const records: LogRecord[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    records.push(...decoder.push(bytes.subarray(at, at + step)));
  }
  return { decoder, records };
}

test.each([1, 3, 19, 20, 21, 1000, 65_536, 1_000_000])(
  "records read %i bytes at a time",
  (step) => {
    const { decoder, records } = decodeInSteps(LOG, step);
    expect(plain(records)).toEqual(plain(RECORDS));
    expect(decoder).toMatchObject({ consumed: LOG.length, discarded: 0 });
  },
);

test("consumed says where to go on", () => {
  const decoder = new LogRecordDecoder();
  const first = encodeLogRecord(output("one"));
  decoder.push(LOG.subarray(0, 0));
  decoder.push(Buffer.concat([first, LOG.subarray(0, 22)]));
  expect(decoder.consumed).toBe(first.length);
});

test("a filter passes over other streams and containers, and goes on behind them", () => {
  const others = Buffer.concat([
    encodeLogRecord(output("x", { containerId: "c2" })),
    encodeLogRecord({ ...origin, containerId: "c10", stream: "exit", status: 1 }),
    encodeLogRecord({ ...origin, containerId: "c2", stream: "exit", status: 2 }),
  ]);
  const decoder = new LogRecordDecoder({ stream: "exit", containerIds: ["c1"] });
  const log = Buffer.concat([others, LOG, others, Buffer.from("garbage"), LOG]);
  const found = [decoder.push(log.subarray(0, 50)), decoder.push(log.subarray(50))].flat();
  expect(found.map((record) => "status" in record && record.status)).toEqual([137, -2, 137, -2]);
  expect(decoder).toMatchObject({ consumed: log.length, discarded: 7 });
});

describe("bytes that are no record are skipped up to the next one", () => {
  const good = encodeLogRecord(output("good"));
  const broken = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(encodeLogRecord(output("bad!", { execId: "ee" })));
    change(bytes);
    return bytes;
  };
  test.each([
    ["text", Buffer.from("Kernel panic - not syncing VCL")],
    ["a magic and nothing more", Buffer.from("VCLG".repeat(50))],
    ["another version", broken((bytes) => bytes.writeUInt8(2, 4))],
    ["an unknown stream with a bad id", broken((bytes) => bytes.write("c/", 20)).fill(9, 5, 6)],
    ["an oom with a payload", broken((bytes) => bytes.writeUInt8(4, 5))],
    ["an end of the machine with four bytes", broken((bytes) => bytes.writeUInt8(5, 5))],
    ["stream 0", broken((bytes) => bytes.writeUInt8(0, 5))],
    ["no container id", broken((bytes) => bytes.writeUInt8(0, 6))],
    ["a payload of 4 GiB", broken((bytes) => bytes.writeUInt32LE(0xffffffff, 16))],
    ["a payload over 64 KiB", broken((bytes) => bytes.writeUInt32LE(65_537, 16))],
    ["an exit of three bytes", broken((bytes) => bytes.writeUInt8(3, 5)).fill(3, 16, 17)],
    ["an id with a slash", broken((bytes) => bytes.write("c/", 20))],
    ["an id with an escape", broken((bytes) => bytes.write("c\u001b", 20))],
    ["an exec id with a leading dash", broken((bytes) => bytes.write("-e", 22))],
  ])("%s", (_name, garbage) => {
    const bytes = Buffer.concat([good, garbage, good]);
    for (const step of [1, 13, bytes.length]) {
      const { decoder, records } = decodeInSteps(bytes, step);
      expect(plain(records)).toEqual(plain([output("good"), output("good")]));
      expect(decoder).toMatchObject({ consumed: bytes.length, discarded: garbage.length });
    }
  });
});

test("a record of a kind that is not known is passed over whole", () => {
  const later = Buffer.from(encodeLogRecord(output(`VCLG and ${"more".repeat(9)}`)));
  later.writeUInt8(200, 5);
  const good = encodeLogRecord(output("good"));
  const bytes = Buffer.concat([good, later, good]);
  for (const step of [1, 13, bytes.length]) {
    const { decoder, records } = decodeInSteps(bytes, step);
    expect(plain(records)).toEqual(plain([output("good"), output("good")]));
    expect(decoder).toMatchObject({ consumed: bytes.length, discarded: 0 });
  }
});

test("the caller may read into the same buffer again and again", () => {
  const decoder = new LogRecordDecoder();
  const buffer = Buffer.alloc(7);
  const records: string[] = [];
  for (let at = 0; at < LOG.length; at += 7) {
    const length = LOG.copy(buffer, 0, at, at + 7);
    for (const record of decoder.push(buffer.subarray(0, length))) {
      if (record.stream === "oom") records.push("oom");
      else if (record.stream === "over") records.push(record.reason);
      else if (record.stream === "health") records.push(record.health);
      else records.push(record.stream === "exit" ? `exit ${record.status}` : `${record.data}`);
    }
  }
  expect(records).toEqual([
    "hello",
    "",
    "x".repeat(64 * 1024),
    "exit 137",
    "exit -2",
    "oom",
    "timeout",
    "idle",
    "unhealthy",
  ]);
});

test("random bytes, whole or cut, never throw and never hold back more than a record", () => {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state;
  };
  for (let round = 0; round < 300; round++) {
    const noise = Buffer.from(Array.from({ length: random() % 400 }, () => random() >> 16));
    const bytes = Buffer.concat([noise, LOG.subarray(random() % 200, 300), noise]);
    const { decoder } = decodeInSteps(bytes, 1 + (random() % 50));
    expect(bytes.length - decoder.consumed).toBeLessThanOrEqual(20 + 510 + 64 * 1024);
    expect(decoder.discarded).toBeLessThanOrEqual(decoder.consumed);
  }
});
