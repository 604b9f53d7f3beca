import { expect, test } from "vitest";
import {
  decodeRequest,
  decodeResponse,
  encodeErrorResponse,
  encodeRequest,
  encodeResponse,
} from "../src/envelope.ts";
import { TtrpcError } from "../src/index.ts";
import { hex } from "./support/bytes.ts";

const join = ([head, payload]: readonly [Uint8Array, Uint8Array]) => Buffer.concat([head, payload]);
const plain = { payload: new Uint8Array(0), timeoutNano: 0n, metadata: [] };

test("a request on the wire, byte by byte", () => {
  const bytes = join(
    encodeRequest(1, {
      service: "s.S",
      method: "Do",
      payload: hex("aabb"),
      timeoutNano: 300n,
      metadata: [["k", "v"]],
    }),
  );
  const body = `0a03 732e53
                1202 446f
                20ac02
                2a06 0a016b 120176
                1a02 aabb`;
  expect(bytes.toString("hex")).toBe(
    Buffer.concat([hex("00000018 00000001 01 00"), hex(body)]).toString("hex"),
  );
});

test("no deadline, no metadata and no payload leave nothing on the wire", () => {
  const bytes = join(encodeRequest(3, { ...plain, service: "a", method: "b" }));
  expect(bytes.toString("hex")).toBe(
    Buffer.from(hex("00000006 00000003 01 00 0a0161 120162")).toString("hex"),
  );
});

test("a request is read in whatever order its fields come, unknown ones skipped", () => {
  const request = decodeRequest(
    hex("2a06 0a016b 120176  1a02aabb  7801  8201020102  20ac02  1202446f  0a03732e53"),
  );
  expect(request).toMatchObject({ service: "s.S", method: "Do", timeoutNano: 300n });
  expect([...request.payload]).toEqual([0xaa, 0xbb]);
  expect(request.metadata).toEqual([["k", "v"]]);
});

test("a response with a payload", () => {
  const bytes = join(encodeResponse(5, hex("0102")));
  expect(bytes.toString("hex")).toBe("00000004" + "00000005" + "0200" + "12020102");
  const response = decodeResponse(bytes.subarray(10));
  expect("payload" in response && [...response.payload]).toEqual([1, 2]);
});

test("the payload of a response is a view of the frame", () => {
  const body = hex("12020102");
  const response = decodeResponse(body);
  expect("payload" in response && response.payload.buffer).toBe(body.buffer);
});

test("an error keeps code, text and details", () => {
  const sent = new TtrpcError("not_found", "no such container", {
    details: [{ typeUrl: "type.googleapis.com/x.Y", value: hex("0801") }],
  });
  const response = decodeResponse(join(encodeErrorResponse(7, sent)).subarray(10));
  const error = "error" in response ? response.error : undefined;
  expect(error).toMatchObject({ code: "not_found", text: "no such container", remote: true });
  expect(error?.details.map(({ typeUrl, value }) => [typeUrl, [...value]])).toEqual([
    ["type.googleapis.com/x.Y", [8, 1]],
  ]);
});

test("a status on the wire, byte by byte", () => {
  const bytes = join(encodeErrorResponse(1, new TtrpcError("unimplemented", "x")));
  expect(bytes.toString("hex")).toBe("00000007" + "00000001" + "0200" + "0a05" + "080c" + "120178");
});

test("status ok is no error, an unknown code is unknown", () => {
  expect(decodeResponse(hex("0a020800"))).toEqual({ payload: new Uint8Array(0) });
  const response = decodeResponse(hex("0a0308e707"));
  expect("error" in response && response.error.code).toBe("unknown");
});

test("a text from the peer is cut to 16 KiB and loses what a terminal obeys", () => {
  const nasty = new TtrpcError("internal", `\u001b[31mred\u0007\u009b\nnext${"x".repeat(50_000)}`);
  const response = decodeResponse(join(encodeErrorResponse(1, nasty)).subarray(10));
  const text = "error" in response ? response.error.text : "";
  expect(text.startsWith("\ufffd[31mred\ufffd\ufffd\nnextxxx")).toBe(true);
  expect(text.length).toBeLessThanOrEqual(16 * 1024);
});

test.each(["0a05", "0aff", "12ffffffff0f", "0b", "00", "0a03080c12"])(
  "bytes that are no envelope (%s) fail typed",
  (bytes) => {
    expect(() => decodeResponse(hex(bytes))).toThrow(TtrpcError);
  },
);

test("a request that cannot be decoded is an invalid argument", () => {
  expect(() => decodeRequest(hex("0a7f"))).toThrow("[invalid_argument]");
});
