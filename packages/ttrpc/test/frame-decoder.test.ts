import { expect, test } from "vitest";
import { type Frame, FrameDecoder, type FrameHeader } from "../src/index.ts";
import { frameBytes, hex } from "./support/bytes.ts";
import { thrown } from "./support/refusal.ts";

function decoder(options = {}) {
  const frames: Frame[] = [];
  return { frames, decoder: new FrameDecoder((frame) => frames.push(frame), options) };
}

test("a header is big-endian: length, stream id, type, flags", () => {
  const { frames, decoder: d } = decoder();
  d.push(hex("00000003 80000001 02 04 aabbcc"));
  expect(frames).toHaveLength(1);
  expect(frames[0]?.header).toEqual({ length: 3, streamId: 0x80000001, type: 2, flags: 4 });
  expect([...(frames[0]?.body ?? [])]).toEqual([0xaa, 0xbb, 0xcc]);
});

test("several frames in one chunk, an empty body among them", () => {
  const { frames, decoder: d } = decoder();
  d.push(
    Buffer.concat([
      frameBytes(1, 1, Uint8Array.of(1)),
      frameBytes(3, 2, new Uint8Array(0)),
      frameBytes(5, 3, Uint8Array.of(2, 3)),
    ]),
  );
  expect(frames.map(({ header, body }) => [header.streamId, [...body]])).toEqual([
    [1, [1]],
    [3, []],
    [5, [2, 3]],
  ]);
});

test("a body that lies in one chunk is a view of it", () => {
  const { frames, decoder: d } = decoder();
  const chunk = frameBytes(1, 2, new Uint8Array(1000));
  d.push(chunk);
  expect(frames[0]?.body.buffer).toBe(chunk.buffer);
});

test("one byte at a time", () => {
  const { frames, decoder: d } = decoder();
  const body = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
  const bytes = Buffer.concat([frameBytes(1, 2, body), frameBytes(3, 2, body)]);
  for (const byte of bytes) d.push(Uint8Array.of(byte));
  expect(frames.map((frame) => Buffer.from(body).equals(frame.body))).toEqual([true, true]);
});

test.each([0xffffffff, 4 * 1024 * 1024 + 1])("a length of %i is refused at once", (length) => {
  const { frames, decoder: d } = decoder();
  const error = thrown(() => d.push(frameBytes(1, 2, new Uint8Array(0), { length })));
  expect(error.code).toBe("internal");
  expect(error.text).toContain(String(length));
  expect(frames).toEqual([]);
});

test("a body of exactly the limit is accepted", () => {
  const { frames, decoder: d } = decoder({ maxMessageBytes: 8 });
  d.push(frameBytes(1, 2, new Uint8Array(8)));
  expect(frames).toHaveLength(1);
  expect(thrown(() => d.push(frameBytes(1, 2, new Uint8Array(9)))).text).toContain("9 bytes");
});

test.each([0, 4, 255])("a frame of type %i is refused, and so is all that follows", (type) => {
  const { frames, decoder: d } = decoder();
  const error = thrown(() => d.push(frameBytes(1, type, Uint8Array.of(1))));
  expect(error.text).toContain(`type ${type}`);
  expect(thrown(() => d.push(frameBytes(1, 2, Uint8Array.of(1))))).toBe(error);
  expect(frames).toEqual([]);
});

test("frames before a violation in the same chunk are delivered", () => {
  const { frames, decoder: d } = decoder();
  const good = frameBytes(7, 2, Uint8Array.of(1));
  thrown(() => d.push(Buffer.concat([good, frameBytes(9, 77, Uint8Array.of(1))])));
  expect(frames.map((frame) => frame.header.streamId)).toEqual([7]);
});

test("with onOversize a long body is skipped and the next frame is found", () => {
  const refused: FrameHeader[] = [];
  const { frames, decoder: d } = decoder({
    maxMessageBytes: 10,
    onOversize: (header: FrameHeader) => refused.push(header),
  });
  const bytes = Buffer.concat([
    frameBytes(1, 1, new Uint8Array(1000)),
    frameBytes(3, 1, Uint8Array.of(5)),
  ]);
  for (let at = 0; at < bytes.length; at += 7) d.push(bytes.subarray(at, at + 7));
  expect(refused).toEqual([{ length: 1000, streamId: 1, type: 1, flags: 0 }]);
  expect(frames.map((frame) => frame.header.streamId)).toEqual([3]);
  d.end();
});

test.each([1, 9, 10, 12])("an end after %i bytes of a frame is a violation", (cutAt) => {
  const { decoder: d } = decoder();
  d.push(frameBytes(1, 2, Uint8Array.of(1, 2, 3)).subarray(0, cutAt));
  expect(thrown(() => d.end()).text).toContain("inside a frame");
});

test("an end between frames is in order", () => {
  const { decoder: d } = decoder();
  d.end();
  d.push(frameBytes(1, 2, Uint8Array.of(1)));
  expect(() => d.end()).not.toThrow();
});

test("what the frame's receiver throws comes out typed", () => {
  const d = new FrameDecoder(() => {
    throw new RangeError("no");
  });
  expect(thrown(() => d.push(frameBytes(1, 2, Uint8Array.of(1)))).code).toBe("internal");
});
