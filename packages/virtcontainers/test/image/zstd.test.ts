import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";
import { unzstd } from "../../src/image/build/zstd.ts";
import { refusal } from "../support/refusal.ts";

/** Packs with Debian's zstd. */
function zstd(input: Buffer, ...options: string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settings = { encoding: "buffer", maxBuffer: 2 ** 28 } as const;
    const child = execFile("zstd", ["-c", "-q", ...options], settings, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    child.stdin?.end(input);
  });
}

async function unpack(packed: Buffer, chunk = 10_000): Promise<Buffer> {
  const parts: Buffer[] = [];
  const source = async function* () {
    for (let at = 0; at < packed.length; at += chunk) yield packed.subarray(at, at + chunk);
  };
  for await (const part of unzstd(source())) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

const text = Buffer.from(Array.from({ length: 400_000 }, (_, i) => `${i % 977} `).join(""));

describe("unzstd", () => {
  it.each([["-1"], ["-19"], ["-3", "--no-check"], ["-3", "-B4096"], ["--long=24"]])(
    "undoes zstd %s %s",
    async (...options) => {
      const packed = await zstd(text, ...options.filter((option) => option !== "-B4096"));
      expect((await unpack(packed)).equals(text)).toBe(true);
    },
  );

  it("undoes it in any chunks, several frames, skippable ones and empty ones", async () => {
    const skippable = Buffer.from("502a4d180500000068656c6c6f", "hex");
    const small = Buffer.from("small");
    const empty = await zstd(Buffer.alloc(0));
    const packed = Buffer.concat([await zstd(small), skippable, empty, await zstd(small)]);
    for (const chunk of [1, 3, 7, 1000]) {
      expect((await unpack(packed, chunk)).toString()).toBe("smallsmall");
    }
  });

  it("hands out a bomb in small parts", async () => {
    const packed = await zstd(Buffer.alloc(2 ** 26));
    let total = 0;
    let largest = 0;
    for await (const part of unzstd(
      (async function* () {
        yield packed;
      })(),
    )) {
      total += part.length;
      largest = Math.max(largest, part.length);
    }
    expect(packed.length).toBeLessThan(10_000);
    expect([total, largest <= 128 * 1024]).toEqual([2 ** 26, true]);
  });

  it("refuses a cut stream at any byte", async () => {
    const packed = await zstd(text.subarray(0, 5000));
    for (let length = 1; length < packed.length; length += 37) {
      expect(
        (await refusal(unpack(packed.subarray(0, length)), "IMAGE_INVALID")).message,
      ).toContain("zstd");
    }
  });

  it("refuses windows that would exhaust memory, and other data", async () => {
    const hugeWindow = Buffer.from("28b52ffd00f8010000", "hex");
    expect((await refusal(unpack(hugeWindow), "IMAGE_INVALID")).message).toContain("window");
    const hugeContent = Buffer.from("28b52ffde0ffffffffffff0f00010000", "hex");
    expect((await refusal(unpack(hugeContent), "IMAGE_INVALID")).message).toContain("window");
    expect((await refusal(unpack(Buffer.alloc(64)), "IMAGE_INVALID")).message).toContain("magic");
  });

  it("ends typed or well on any damage", async () => {
    const packed = await zstd(text.subarray(0, 20_000));
    for (let round = 0; round < 300; round++) {
      const damaged = Buffer.from(packed);
      damaged[(round * 31) % damaged.length] = round % 256;
      await unpack(damaged).catch((error: unknown) =>
        refusal(Promise.reject(error), "IMAGE_INVALID"),
      );
    }
  });
});
