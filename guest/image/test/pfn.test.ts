import { describe, expect, it } from "vitest";
import { fletcher64, headBytes, pfnHead } from "../pfn.ts";

describe("pfnHead", () => {
  const head = pfnHead(16 * 1024 * 1024);
  const block = head.subarray(4096, 8192);

  it("holds one block at 4 KiB and nothing else", () => {
    expect(head.length).toBe(headBytes);
    expect(head.subarray(0, 4096).every((byte) => byte === 0)).toBe(true);
    expect(head.subarray(8192).every((byte) => byte === 0)).toBe(true);
    expect(block.toString("latin1", 0, 16)).toBe("NVDIMM_PFN_INFO\0");
  });

  it("says where the data begin and how many pages they have", () => {
    expect(block.readBigUInt64LE(56)).toBe(BigInt(headBytes));
    expect(block.readBigUInt64LE(64)).toBe(4096n);
    expect(block.readUInt32LE(84)).toBe(headBytes);
  });

  it("has the checksum that the kernel computes with the field itself as zero", () => {
    const found = block.readBigUInt64LE(4088);
    const blank = Buffer.from(block);
    blank.writeBigUInt64LE(0n, 4088);
    expect(found).toBe(fletcher64(blank));
  });
});

describe("fletcher64", () => {
  it("sums words, and the sums", () => {
    expect(fletcher64(Buffer.from([1, 0, 0, 0, 2, 0, 0, 0]))).toBe((4n << 32n) | 3n);
  });

  it("keeps both sums to 32 bits", () => {
    const words = Buffer.alloc(8, 0xff);
    expect(fletcher64(words)).toBe((0xfffffffdn << 32n) | 0xfffffffen);
  });
});
