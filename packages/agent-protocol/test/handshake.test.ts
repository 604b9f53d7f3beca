import { expect, test } from "vitest";
import { AckScanner, decodeHello, encodeAck, encodeHello } from "../src/ports.ts";

const token = Uint8Array.from({ length: 16 }, (_, index) => index);
const nonce = Uint8Array.from({ length: 16 }, (_, index) => 0xf0 + index);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const NONCE_HEX = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

test("HELLO on the wire", () => {
  const magic = Buffer.from("VIRTCHLO").toString("hex");
  expect(hex(encodeHello(token, nonce))).toBe(
    `${magic}000102030405060708090a0b0c0d0e0f${NONCE_HEX}`,
  );
});

test("ACK on the wire", () => {
  const magic = Buffer.from("VIRTCACK").toString("hex");
  expect(hex(encodeAck(nonce))).toBe(`${magic}${NONCE_HEX}0000000000000000`);
});

test("a HELLO is read at the beginning of the bytes, and only there", () => {
  const hello = encodeHello(token, nonce);
  const read = decodeHello(Buffer.concat([hello, Buffer.from("more")]));
  expect(read && [hex(read.token), hex(read.nonce)]).toEqual([hex(token), hex(nonce)]);
  expect(decodeHello(Buffer.concat([Buffer.from("x"), hello]))).toBeUndefined();
  expect(decodeHello(hello.subarray(0, 39))).toBeUndefined();
});

test.each([0, 15, 17])("token and nonce of %i bytes are refused", (length) => {
  const wrong = new Uint8Array(length);
  expect(() => encodeHello(wrong, nonce)).toThrow(`token has ${length} bytes`);
  expect(() => encodeHello(token, wrong)).toThrow(`nonce has ${length} bytes`);
  expect(() => encodeAck(wrong)).toThrow(RangeError);
  expect(() => new AckScanner(wrong)).toThrow(RangeError);
});

test("what follows the ACK begins the session", () => {
  const scanner = new AckScanner(nonce);
  const rest = scanner.push(Buffer.concat([encodeAck(nonce), Buffer.from("frame")]));
  expect(rest && Buffer.from(rest).toString()).toBe("frame");
  expect(scanner.discarded).toBe(0);
});

test("an ACK at the end of the bytes leaves none", () => {
  expect(new AckScanner(nonce).push(encodeAck(nonce))).toHaveLength(0);
});

test("stale bytes are dropped, an ACK of another connection among them", () => {
  const stale = Buffer.concat([
    Buffer.from("half a frame"),
    encodeAck(token),
    Buffer.alloc(5000, "VIRTCACK"),
  ]);
  for (const step of [1, 2, 7, 31, 32, 33, 4096, 10_000]) {
    const scanner = new AckScanner(nonce);
    const bytes = Buffer.concat([stale, encodeAck(nonce), Buffer.from("frame")]);
    let rest: Uint8Array | undefined;
    let at = 0;
    while (rest === undefined && at < bytes.length) {
      rest = scanner.push(bytes.subarray(at, at + step));
      at += step;
    }
    expect(Buffer.concat([rest ?? Buffer.alloc(0), bytes.subarray(at)]).toString()).toBe("frame");
    expect(scanner.discarded).toBe(stale.length);
  }
});

test("an ACK whose end differs is none", () => {
  const scanner = new AckScanner(nonce);
  const wrong = encodeAck(nonce);
  wrong[31] = 1;
  expect(scanner.push(wrong)).toBeUndefined();
  expect(scanner.push(encodeAck(nonce))).toHaveLength(0);
  expect(scanner.discarded).toBe(32);
});

test("the scanner keeps its own copy of what it may need again", () => {
  const scanner = new AckScanner(nonce);
  const ack = encodeAck(nonce);
  const buffer = Uint8Array.from(ack.subarray(0, 20));
  scanner.push(buffer);
  buffer.fill(0);
  expect(scanner.push(ack.subarray(20))).toHaveLength(0);
});
