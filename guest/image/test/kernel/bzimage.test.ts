import { describe, expect, it } from "vitest";
import { compressedPayload } from "../../kernel/bzimage.ts";

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

describe("compressedPayload", () => {
  it("gives the stream without the size behind it, and what unpacks it", () => {
    expect(compressedPayload(bzImage(payload))).toEqual({ stream, unpacker: "lz4" });
    const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]);
    const packed = bzImage(Buffer.concat([zstd, Buffer.from([9, 0, 0, 0])]));
    expect(compressedPayload(packed)).toEqual({ stream: zstd, unpacker: "zstd" });
  });

  it("refuses what is no bzImage", () => {
    expect(() => compressedPayload(Buffer.alloc(4096))).toThrow("no bzImage");
    expect(() => compressedPayload(Buffer.alloc(10))).toThrow("no bzImage");
  });

  it("refuses a kernel that is cut", () => {
    const whole = bzImage(payload);
    expect(() => compressedPayload(whole.subarray(0, whole.length - 12))).toThrow("cut");
  });

  it("refuses another compression", () => {
    const gzip = Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 9, 0, 0, 0]);
    expect(() => compressedPayload(bzImage(gzip))).toThrow("neither LZ4 nor zstd");
  });
});
