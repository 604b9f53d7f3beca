import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { decodeRequest, decodeResponse } from "../src/envelope.ts";
import { type Frame, FrameDecoder, TtrpcError } from "../src/index.ts";
import { cut, frameBytes } from "./support/bytes.ts";
import { randomBytes, randomInt, seededRandom } from "./support/random.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

/** Runs `action`; anything but a TtrpcError that it throws fails the test. */
function onlyTyped(action: () => void): TtrpcError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof TtrpcError) return error;
    throw error;
  }
}

describe.each(SEEDS)("seed %i", (seed) => {
  test("random bytes give frames that were sent, or one typed error", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 200; round++) {
      let sent = 0;
      let delivered = 0;
      const decoder = new FrameDecoder((frame: Frame) => {
        delivered += 10 + frame.body.length;
      });
      const bytes = randomBytes(random, randomInt(random, 2000));
      for (const piece of cut(bytes, () => randomInt(random, 50))) {
        sent += piece.length;
        if (onlyTyped(() => decoder.push(piece)) !== undefined) break;
        expect(delivered).toBeLessThanOrEqual(sent);
      }
    }
  });

  test("valid frames, however they are cut, come out whole", () => {
    const random = seededRandom(seed);
    const bodies = Array.from({ length: 20 }, () => randomBytes(random, randomInt(random, 9000)));
    const frames = bodies.map((body, index) => frameBytes(2 * index + 1, 2, body));
    const out: Frame[] = [];
    const decoder = new FrameDecoder((frame) => out.push(frame));
    const longest = [2, 100, 30_000][seed % 3] ?? 1;
    for (const piece of cut(Buffer.concat(frames), () => randomInt(random, longest))) {
      decoder.push(piece);
    }
    decoder.end();
    expect(out.map((frame) => Buffer.from(frame.body).toString("base64"))).toEqual(
      bodies.map((body) => Buffer.from(body).toString("base64")),
    );
  });

  test("a flipped bit gives a frame, an error or a longer wait, never anything else", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 200; round++) {
      const bytes = frameBytes(1, 2, randomBytes(random, randomInt(random, 100)));
      const at = randomInt(random, bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << randomInt(random, 8));
      const decoder = new FrameDecoder(() => {});
      onlyTyped(() => decoder.push(bytes));
      onlyTyped(() => decoder.end());
    }
  });

  test("random envelopes decode or fail typed", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 1000; round++) {
      const body = randomBytes(random, randomInt(random, 60));
      onlyTyped(() => decodeRequest(body));
      onlyTyped(() => decodeResponse(body));
    }
  });
});

test("a header that claims the most does not make the decoder allocate it", () => {
  const before = process.memoryUsage().arrayBuffers;
  const decoders = Array.from({ length: 200 }, () => {
    const decoder = new FrameDecoder(() => {});
    const head = frameBytes(1, 2, new Uint8Array(0), { length: 4 * 1024 * 1024 });
    decoder.push(Buffer.concat([head, Uint8Array.of(1)]));
    return decoder;
  });
  // Claimed: 800 MiB. Sent: 2 KiB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  for (const decoder of decoders) expect(() => decoder.end()).toThrow(TtrpcError);
});

test("a body that drips in costs about what was sent", () => {
  const decoder = new FrameDecoder(() => {});
  const length = 1024 * 1024;
  decoder.push(frameBytes(1, 2, new Uint8Array(0), { length }));
  const before = heldBytes();
  for (let sent = 0; sent < length - 1; sent++) decoder.push(new Uint8Array(1));
  // Held as one object for each byte it would be more than a hundred times that.
  expect(heldBytes() - before).toBeLessThan(8 * length);
  expect(() => decoder.end()).toThrow(TtrpcError);
});

test("groups nested as deep as a message can hold them fail typed", () => {
  const body = new Uint8Array(4 * 1024 * 1024).fill(0x33);
  expect(onlyTyped(() => decodeResponse(body))?.code).toBe("internal");
  expect(onlyTyped(() => decodeRequest(body))?.code).toBe("invalid_argument");
});
