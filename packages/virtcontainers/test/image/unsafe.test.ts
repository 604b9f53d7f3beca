import { randomBytes } from "node:crypto";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { addImage, blobPath } from "../../../../test/support/images.ts";
import { makeTar, type TarMember } from "../../../../test/support/tar.ts";
import { refusal } from "../support/refusal.ts";
import { storeContents, testStore } from "./support/store.ts";

async function refused(layers: readonly (readonly TarMember[] | Buffer)[], options = {}) {
  const store = await testStore(options);
  const layout = join(store.folder, "layout");
  await addImage(layout, { name: "bad:1", layers });
  const error = await refusal(store.images.import(layout), "IMAGE_INVALID");
  expect(await storeContents(store.dataDir)).toEqual([]);
  expect(await store.images.list()).toEqual([]);
  return error;
}

describe("images that are unsafe or damaged", () => {
  it.each<[string, TarMember[], string]>([
    ["a path with ..", [{ path: "../../etc/x", content: "x" }], '"../../etc/x" leaves its folder'],
    ["an absolute path with ..", [{ path: "/a/../../x" }], '"/a/../../x" leaves its folder'],
    ["a folder ..", [{ path: "../" }], '"../" leaves its folder'],
    ["a whiteout through ..", [{ path: "a/../../.wh.etc" }], "leaves its folder"],
    ["a whiteout of ..", [{ path: "a/" }, { path: "a/.wh..." }], "whiteout of nothing"],
    [
      "a hard link out",
      [{ path: "h", type: "1", linkTarget: "../../etc/passwd" }],
      '"../../etc/passwd"',
    ],
    [
      "a hard link to nothing",
      [{ path: "h", type: "1", linkTarget: "etc/passwd" }],
      "not in the image",
    ],
    ["a hard link to itself", [{ path: "h", type: "1", linkTarget: "h" }], "not in the image"],
    [
      "a hard link to a folder",
      [{ path: "d/" }, { path: "h", type: "1", linkTarget: "d" }],
      "is a folder",
    ],
    ["a path below a file", [{ path: "f" }, { path: "f/x" }], "below something that is no folder"],
    [
      "a path behind a dangling symlink",
      [{ path: "l", type: "2", linkTarget: "/no" }, { path: "l/x" }],
      "dangling",
    ],
    [
      "a path behind a loop",
      [{ path: "l", type: "2", linkTarget: "l" }, { path: "l/x" }],
      "loop of symlinks",
    ],
    ["a symlink to nothing", [{ path: "l", type: "2", linkTarget: "" }], "symlink without"],
    ["a name of 256 bytes", [{ path: "n".repeat(256) }], "over 255 bytes"],
    ["a path of 5000 bytes", [{ path: "n/".repeat(2500) }], "path of 5000 bytes"],
    ["a NUL in a name", [{ path: "x", pax: { path: "a\0b" } }], "NUL"],
    ["an owner that is none", [{ path: "x", pax: { uid: "-1" } }], "owner -1"],
    ["a device that is none", [{ path: "x", type: "3", devMajor: 2_000_000 }], "device number"],
    [
      "an unknown family of attributes",
      [{ path: "x", pax: { "SCHILY.xattr.evil": "1" } }],
      "unknown family",
    ],
    [
      "metadata without end",
      [{ path: "x", pax: { "SCHILY.xattr.user.a": "x".repeat(300_000) } }],
      "metadata",
    ],
  ])("refuses %s", async (_what, members, message) => {
    expect((await refused([members])).message).toContain(message);
  });

  it("bounds entries, unpacked bytes and metadata", async () => {
    const many = Array.from({ length: 30 }, (_, number) => ({ path: `file-${number}` }));
    expect((await refused([many], { limits: { maxEntries: 29 } })).message).toContain("29 entries");
    expect((await refused([many], { limits: { maxMetadataBytes: 100 } })).message).toContain(
      "100 bytes",
    );
    const bomb = [{ path: "zeros", content: Buffer.alloc(4_000_000) }];
    expect((await refused([bomb], { limits: { maxBytes: 1_000_000 } })).message).toContain(
      "1000000 bytes",
    );
    const trailing = Buffer.concat([makeTar([{ path: "f" }]), Buffer.alloc(4_000_000)]);
    expect((await refused([trailing], { limits: { maxBytes: 1_000_000 } })).message).toContain(
      "1000000 bytes",
    );
  });

  it("names both digests of a corrupted layer, whatever the damage breaks", async () => {
    const content = randomBytes(50_000);
    for (const [offset, length] of [
      [0, 10],
      [5, 1],
      [3000, 40],
      [-4, 4],
    ] as const) {
      const store = await testStore();
      const layout = join(store.folder, "layout");
      const made = await addImage(layout, { name: "bad:1", layers: [[{ path: "f", content }]] });
      const digest = made.layers[0]?.digest ?? "";
      const packed = await readFile(blobPath(layout, digest));
      const start = offset < 0 ? packed.length + offset : offset;
      for (const [index, byte] of packed.subarray(start, start + length).entries())
        packed[start + index] = byte ^ 0xff;
      await writeFile(blobPath(layout, digest), packed);
      const error = await refusal(store.images.import(layout), "IMAGE_INVALID");
      expect(error.message).toMatch(
        new RegExp(`is damaged: its digest is sha256:[0-9a-f]{64}, not ${digest}`),
      );
      expect(await storeContents(store.dataDir)).toEqual([]);
    }
  });

  it("refuses a cut layer, a longer one, and one whose unpacked digest is wrong", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    const made = await addImage(layout, {
      name: "bad:1",
      layers: [[{ path: "f", content: "x".repeat(9999) }]],
    });
    const layer = made.layers[0];
    const path = blobPath(layout, layer?.digest ?? "");
    await truncate(path, 50);
    expect((await refusal(store.images.import(layout), "IMAGE_INVALID")).message).toContain(
      "has 50 bytes, but should have",
    );
    await writeFile(path, Buffer.alloc((layer?.size ?? 0) + 1));
    expect((await refusal(store.images.import(layout), "IMAGE_INVALID")).message).toContain(
      "longer than",
    );
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("refuses layers packed with something else than gzip and zstd", async () => {
    const xz = Buffer.concat([Buffer.from("fd377a585a00", "hex"), Buffer.alloc(100)]);
    const store = await testStore();
    const layout = join(store.folder, "layout");
    await addImage(layout, { name: "bad:1", layers: [xz], packing: "none" });
    expect((await refusal(store.images.import(layout), "IMAGE_INVALID")).message).toContain(
      "compressed with xz",
    );
  });
});
