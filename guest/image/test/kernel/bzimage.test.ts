import { describe, expect, it } from "vitest";
import { lz4Payload } from "../../kernel/bzimage.ts";

/** A bzImage with one setup sector beside the boot sector and a payload 16 bytes into the kernel. */
function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(2 * 512 + 16);
  image.writeUInt8(1, 0x1f1);
  image.write("HdrS", 0x202, "latin1");
  image.writeUInt32LE(16, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([image, payload, Buffer.from("after")]);
}

const stream = Buffer.from([0x02, 0x21, 0x4c, 0x18, 1, 2, 3]);
const payload = Buffer.concat([stream, Buffer.from([9, 0, 0, 0])]);

describe("lz4Payload", () => {
  it("gives the stream without the size behind it", () => {
    expect(lz4Payload(bzImage(payload))).toEqual(stream);
  });

  it("refuses what is no bzImage", () => {
    expect(() => lz4Payload(Buffer.alloc(4096))).toThrow("no bzImage");
    expect(() => lz4Payload(Buffer.alloc(10))).toThrow("no bzImage");
  });

  it("refuses a kernel that is cut", () => {
    const whole = bzImage(payload);
    expect(() => lz4Payload(whole.subarray(0, whole.length - 12))).toThrow("cut");
  });

  it("refuses another compression", () => {
    const gzip = Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 9, 0, 0, 0]);
    expect(() => lz4Payload(bzImage(gzip))).toThrow("not compressed with LZ4");
  });
});
