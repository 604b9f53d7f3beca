import { expect, test } from "vitest";
import { encodeLogRecord, MAX_LOG_PAYLOAD_BYTES } from "../src/ports.ts";

const origin = { containerId: "c1", execId: "", timeNs: 1_700_000_000_000_000_001n };

test("a record on the wire: little-endian header, ids, payload", () => {
  const bytes = encodeLogRecord({
    ...origin,
    execId: "e",
    stream: "stderr",
    data: Buffer.from("hi"),
  });
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(origin.timeNs);
  expect(Buffer.from(bytes).toString("hex")).toBe(
    `${Buffer.from("VCLG").toString("hex")}01020201${time.toString("hex")}02000000` +
      Buffer.from("c1ehi").toString("hex"),
  );
});

test("the end of a process carries its status as i32", () => {
  const bytes = Buffer.from(encodeLogRecord({ ...origin, stream: "exit", status: -1 }));
  expect(bytes[5]).toBe(3);
  expect(bytes.subarray(20).toString("hex")).toBe("6331ffffffff");
});

test("ids and payloads that do not fit are refused", () => {
  const data = new Uint8Array(MAX_LOG_PAYLOAD_BYTES + 1);
  expect(() => encodeLogRecord({ ...origin, stream: "stdout", data })).toThrow("65537");
  const long = { ...origin, containerId: "c".repeat(256) };
  expect(() => encodeLogRecord({ ...long, stream: "exit", status: 0 })).toThrow("255");
});
