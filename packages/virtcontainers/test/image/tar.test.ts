import { describe, expect, it } from "vitest";
import { makeTar, type TarMember } from "../../../../test/support/tar.ts";
import { isVirtError } from "../../src/errors.ts";
import { StreamBytes } from "../../src/image/tar/bytes.ts";
import { readTar, type TarEntry } from "../../src/image/tar/read.ts";
import { refusal } from "../support/refusal.ts";

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

type Read = Omit<TarEntry, "body"> & { content: string };

async function readAll(bytes: Buffer, chunk = 1000, strict = true): Promise<Read[]> {
  const entries: Read[] = [];
  for await (const { body, ...entry } of readTar(new StreamBytes(inChunks(bytes, chunk)), {
    strict,
  })) {
    let content = "";
    for await (const part of body()) content += part.toString("latin1");
    entries.push({ ...entry, content });
  }
  return entries;
}

const members: TarMember[] = [
  { path: "folder/", mode: 0o700, uid: 1, gid: 2, mtime: 1_000_000_000 },
  { path: "folder/file", content: "hello", mode: 0o4755 },
  { path: "folder/link", type: "2", linkTarget: "../x" },
  { path: "folder/hard", type: "1", linkTarget: "folder/file" },
  { path: "dev", type: "3", devMajor: 1, devMinor: 3 },
  { path: "pipe", type: "6" },
  { path: `${"long/".repeat(60)}name`, content: "x".repeat(600) },
];

describe("readTar", () => {
  it.each([1, 511, 512, 513, 100_000])("reads the same in chunks of %i bytes", async (chunk) => {
    const entries = await readAll(makeTar(members), chunk);
    expect(entries.map(({ type, path, content }) => [type, path, content])).toEqual([
      ["directory", "folder/", ""],
      ["file", "folder/file", "hello"],
      ["symlink", "folder/link", ""],
      ["hardlink", "folder/hard", ""],
      ["character", "dev", ""],
      ["fifo", "pipe", ""],
      ["file", `${"long/".repeat(60)}name`, "x".repeat(600)],
    ]);
    expect(entries[0]).toMatchObject({ mode: 0o700, uid: 1, gid: 2, mtime: { seconds: 1e9 } });
    expect(entries[1]).toMatchObject({ mode: 0o4755 });
    expect(entries[4]).toMatchObject({ devMajor: 1, devMinor: 3 });
  });

  it("skips content that nobody reads", async () => {
    const bytes = new StreamBytes(inChunks(makeTar(members), 100));
    const paths: string[] = [];
    for await (const entry of readTar(bytes, { strict: true })) paths.push(entry.path);
    expect(paths).toHaveLength(members.length);
  });

  it("takes PAX over the header: ids, times, bytes of attributes", async () => {
    const value = Buffer.from([0, 0xff, 0x80, 10, 61, 32]);
    const pax = {
      uid: "3000000",
      gid: "4000000",
      mtime: "1700000000.25",
      "SCHILY.xattr.security.capability": value,
      "SCHILY.xattr.user.näme": "v",
    };
    const [entry] = await readAll(makeTar([{ path: "f", pax }]));
    expect(entry).toMatchObject({
      uid: 3_000_000,
      gid: 4_000_000,
      mtime: { seconds: 1_700_000_000, nanoseconds: 250_000_000 },
    });
    expect(entry?.xattrs.get("security.capability")).toEqual(value);
    expect([...(entry?.xattrs.keys() ?? [])]).toContain(
      Buffer.from("user.näme").toString("latin1"),
    );
  });

  it("reads GNU long names and global PAX headers", async () => {
    const tar = makeTar([
      { path: "global", type: "g", content: "10 uid=42\n" },
      { path: "@LongLink", type: "L", content: `${"n".repeat(200)}\0` },
      { path: "@LongLink", type: "K", content: `${"t".repeat(200)}\0` },
      { path: "short", type: "2", linkTarget: "short" },
      { path: "after" },
    ]);
    const [first, second] = await readAll(tar);
    expect(first).toMatchObject({ path: "n".repeat(200), linkTarget: "t".repeat(200), uid: 42 });
    expect(second).toMatchObject({ path: "after", uid: 42 });
  });

  it("reads numbers in base 256", async () => {
    const tar = makeTar([{ path: "f", uid: 0 }]);
    tar.fill(0, 108, 116);
    tar.writeUInt8(0x80, 108);
    tar.writeUInt32BE(0xffff_fff0, 112);
    fixChecksum(tar);
    expect((await readAll(tar))[0]).toMatchObject({ uid: 0xffff_fff0 });
  });

  it("reads numbers that are filled up with NULs or spaces in front", async () => {
    const tar = makeTar([{ path: "file", content: "hello", uid: 0o1234 }]);
    tar.write("\0\0\0\0\0\0\0\0\0\x205\0", 124, "latin1");
    tar.write("\0\0\0" + "1234\0", 108, "latin1");
    tar.write("        ", 148, "latin1");
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.write(`\0${sum.toString(8)}\0 `, 148, "latin1");
    expect(await readAll(tar)).toMatchObject([{ path: "file", uid: 0o1234, content: "hello" }]);
  });

  it("takes a name that ends with / for a folder, as V7 tars have it", async () => {
    expect((await readAll(makeTar([{ path: "d/", type: "0" }])))[0]).toMatchObject({
      type: "directory",
    });
  });

  it("wants the end marker only when it is strict", async () => {
    const tar = makeTar([{ path: "f", content: "x" }], { end: false });
    expect(await readAll(tar, 512, false)).toHaveLength(1);
    expect((await refusal(readAll(tar), "IMAGE_INVALID")).message).toContain("ends too early");
  });

  it.each([
    ["a cut header", makeTar(members).subarray(0, 700), "ends too early"],
    ["cut content", makeTar(members).subarray(0, 1300), "ends too early"],
    ["a wrong checksum", Buffer.alloc(1024, "x"), "checksum"],
    ["a sparse file", makeTar([{ path: "s", pax: { "GNU.sparse.major": "1" } }]), "sparse"],
    ["an unknown kind", makeTar([{ path: "s", type: "S" }]), 'unknown kind "S"'],
    [
      "a huge extended header",
      makeTar([{ path: "x", type: "x", size: 2 ** 30 }]),
      "extended header",
    ],
    ["a PAX record without end", makeTar([{ path: "x", type: "x", content: "99 a=b\n" }]), "PAX"],
    ["a PAX size that is none", makeTar([{ path: "x", pax: { size: "1e9" } }]), "PAX size"],
    ["a negative PAX size", makeTar([{ path: "x", pax: { size: "-5" } }]), "negative size"],
    [
      "a content longer than the archive",
      makeTar([{ path: "x", size: 2 ** 32 }]),
      "ends too early",
    ],
  ])("refuses %s", async (_what, tar, message) => {
    expect((await refusal(readAll(tar), "IMAGE_INVALID")).message).toContain(message);
  });

  it("ends typed or well on any damage", async () => {
    const whole = makeTar(members);
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const tar = Buffer.from(whole.subarray(0, round % 3 ? whole.length : random(whole.length)));
      for (let flips = random(6); flips > 0 && tar.length > 0; flips--) {
        const block = random(Math.ceil(tar.length / 512)) * 512;
        const at = Math.min(block + random(345), tar.length - 1);
        tar[at] = random(256);
        if (random(2) && block + 512 <= tar.length) fixChecksum(tar.subarray(block, block + 512));
      }
      await readAll(tar, 4096, round % 2 === 0).catch((error: unknown) => {
        if (!isVirtError(error, "IMAGE_INVALID")) throw error;
        refused += 1;
      });
    }
    expect(refused).toBeGreaterThan(500);
  });
});

function fixChecksum(header: Buffer): void {
  header.write("        ", 148, "latin1");
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
