import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { addImage, sha256 } from "../../../../test/support/images.ts";
import type { TarMember } from "../../../../test/support/tar.ts";
import { crc32c } from "../../src/image/erofs/format.ts";
import { importLayers } from "./support/layers.ts";
import { canMount, contentsOf } from "./support/mounted.ts";
import { testStore } from "./support/store.ts";

const run = promisify(execFile);

/** Content that is not the same anywhere. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0, value = size + 1; at < size; at++) {
    value = (value * 1_664_525 + 1_013_904_223) >>> 0;
    bytes[at] = value >>> 24;
  }
  return bytes;
}

const sizes = [
  0, 1, 2047, 2048, 2049, 4032, 4095, 4096, 4097, 8192, 1_048_575, 1_048_577, 5_000_000,
];

describe("the erofs image", () => {
  it("knows CRC-32C", () => {
    expect((crc32c(Buffer.from("123456789")) ^ 0xffff_ffff) >>> 0).toBe(0xe306_9283);
  });

  it("is the same for the same layers, and passes fsck.erofs", async () => {
    const members = sizes.map((size) => ({ path: `f${size}`, content: noise(size) }));
    const [first, second] = [await importLayers([members]), await importLayers([members])];
    const images = await Promise.all([first, second].map(({ image }) => readFile(image.path)));
    expect(sha256(images[0] ?? "")).toBe(sha256(images[1] ?? ""));
    expect((images[0]?.length ?? 1) % 4096).toBe(0);
    const { stdout, stderr } = await run("fsck.erofs", [first.image.path]);
    expect(stdout + stderr).not.toMatch(/error|corrupt/i);
  });

  it.skipIf(!canMount)("holds contents of every size (needs root to mount)", async () => {
    const { image } = await importLayers([
      sizes.map((size) => ({ path: `f${size}`, content: noise(size) })),
    ]);
    const entries = await contentsOf(image.path);
    for (const size of sizes) {
      const content = entries.get(`f${size}`)?.content ?? Buffer.from("missing");
      expect([content.length, sha256(content)]).toEqual([size, sha256(noise(size))]);
    }
  });

  it.skipIf(!canMount)(
    "holds folders of every size, and finds each name (needs root to mount)",
    async () => {
      const folders = [1, 60, 100, 130, 200, 1000, 5000];
      const members: TarMember[] = folders.flatMap((count) =>
        Array.from({ length: count }, (_, number) => ({
          path: `d${count}/${"!-.a~"[number % 5]}${"name".repeat(number % 9)}${number}`,
          content: String(number),
        })),
      );
      const { image } = await importLayers([members]);
      const entries = await contentsOf(image.path);
      expect(entries.size).toBe(members.length + folders.length + 1);
      for (const { path, content } of members) {
        expect(entries.get(path)?.content.toString()).toBe(content);
      }
    },
  );

  it.skipIf(!canMount)(
    "holds symlinks up to 4095 bytes and 64 KiB of attributes (needs root to mount)",
    async () => {
      const targets = [1, 59, 3000, 4031, 4032, 4033, 4095].map((size) => "t".repeat(size));
      const big = Object.fromEntries(
        Array.from({ length: 12 }, (_, number) => [`SCHILY.xattr.user.a${number}`, noise(5000)]),
      );
      const { image } = await importLayers([
        [
          ...targets.map((target) => ({
            path: `l${target.length}`,
            type: "2",
            linkTarget: target,
          })),
          { path: "attributes", content: "c", pax: big },
        ],
      ]);
      const entries = await contentsOf(image.path);
      for (const target of targets)
        expect(entries.get(`l${target.length}`)?.linkTarget).toBe(target);
      const { xattrs, content } = entries.get("attributes") ?? {};
      expect(content?.toString()).toBe("c");
      expect([...(xattrs?.values() ?? [])].map((value) => sha256(value))).toEqual(
        Array(12).fill(sha256(noise(5000))),
      );
    },
  );

  it("does not take what later layers hide", async () => {
    const { image } = await importLayers([
      [{ path: "big", content: noise(3_000_000) }],
      [{ path: ".wh.big" }],
    ]);
    expect(image.sizeBytes).toBeLessThan(20_000);
  });

  it("unpacks a layer once for each time it is listed", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    const layer: TarMember[] = [{ path: "f", content: "same" }];
    await addImage(layout, { name: "twice:1", layers: [layer, layer] });
    expect((await store.images.import(layout)).sizeBytes).toBeGreaterThan(0);
  });
});
