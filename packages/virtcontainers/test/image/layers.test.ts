import { describe, expect, it } from "vitest";
import type { TarMember } from "../../../../test/support/tar.ts";
import { importLayers, unpacked } from "./support/layers.ts";
import { canMount, contentsOf } from "./support/mounted.ts";

/** Paths of an image in order, without its root. */
async function paths(...layers: readonly TarMember[][]): Promise<string[]> {
  const entries = await unpacked(...layers);
  return [...entries.keys()].filter((path) => path !== "").sort();
}

describe.skipIf(!canMount)("layers, as the kernel sees them (needs root to mount)", () => {
  it("keeps owners, modes, times, devices, links and attributes", async () => {
    const capability = Buffer.from("0100000280200000000000000000000000000000", "hex");
    const entries = await unpacked([
      { path: "./", mode: 0o751, mtime: 5 },
      { path: "bin/", mode: 0o1777, uid: 10, gid: 20, mtime: 1_600_000_000 },
      {
        path: "bin/su",
        content: "su",
        mode: 0o6755,
        mtime: 7,
        pax: { uid: "70000", gid: "3000000" },
      },
      { path: "bin/cap", content: "c", pax: { "SCHILY.xattr.security.capability": capability } },
      {
        path: "bin/user",
        content: "u",
        pax: { "SCHILY.xattr.user.b": "2", "SCHILY.xattr.user.a": "" },
      },
      { path: "bin/su2", type: "1", linkTarget: "bin/su" },
      { path: "null", type: "3", devMajor: 1, devMinor: 3, mode: 0o666 },
      { path: "disk", type: "4", devMajor: 259, devMinor: 70_000 },
      { path: "pipe", type: "6", mode: 0o600 },
      { path: "abs", type: "2", linkTarget: "/etc/passwd" },
      { path: "up", type: "2", linkTarget: "../../../etc/shadow" },
      { path: "fraction", pax: { mtime: "1700000000.123456789" } },
    ]);
    const { content: _, xattrs: __, ...root } = entries.get("") ?? {};
    expect(root).toMatchObject({ type: "directory", mode: 0o751, mtime: { seconds: 5 } });
    expect(entries.get("bin")).toMatchObject({ mode: 0o1777, uid: 10, gid: 20 });
    expect(entries.get("bin/su")).toMatchObject({ mode: 0o6755, uid: 70_000, gid: 3_000_000 });
    expect(entries.get("bin/su")?.mtime.seconds).toBe(7);
    expect(entries.get("bin/su2")).toMatchObject({ type: "hardlink", linkTarget: "./bin/su" });
    expect(entries.get("bin/cap")?.xattrs.get("security.capability")).toEqual(capability);
    expect(entries.get("bin/user")?.xattrs.get("user.b")?.toString()).toBe("2");
    expect(entries.get("bin/user")?.xattrs.get("user.a")?.toString()).toBe("");
    expect(entries.get("null")).toMatchObject({
      type: "character",
      devMajor: 1,
      devMinor: 3,
      mode: 0o666,
    });
    expect(entries.get("disk")).toMatchObject({ type: "block", devMajor: 259, devMinor: 70_000 });
    expect(entries.get("pipe")).toMatchObject({ type: "fifo", mode: 0o600 });
    expect(entries.get("abs")).toMatchObject({ type: "symlink", linkTarget: "/etc/passwd" });
    expect(entries.get("up")).toMatchObject({ type: "symlink", linkTarget: "../../../etc/shadow" });
    expect(entries.get("fraction")?.mtime).toEqual({
      seconds: 1_700_000_000,
      nanoseconds: 123_456_789,
    });
  });

  it("applies whiteouts to lower layers only", async () => {
    const lower = [
      { path: "a/" },
      { path: "a/x" },
      { path: "a/y" },
      { path: "b/" },
      { path: "b/z/" },
      { path: "b/z/f" },
    ];
    const upper = [
      { path: "a/.wh.x" },
      { path: "b/.wh.z" },
      { path: "b/.wh.missing" },
      { path: "none/.wh.q" },
    ];
    expect(await paths(lower, upper)).toEqual(["a", "a/y", "b"]);
    const same = [
      { path: "a/new" },
      { path: "a/.wh.new" },
      { path: "a/.wh.x" },
      { path: "a/x", content: "again" },
    ];
    expect(await paths(lower, same)).toEqual(["a", "a/new", "a/x", "a/y", "b", "b/z", "b/z/f"]);
  });

  it.each([
    ["first", (mark: { path: string }, rest: { path: string }[]) => [mark, ...rest]],
    ["last", (mark: { path: string }, rest: { path: string }[]) => [...rest, mark]],
  ])("empties an opaque folder of what lower layers put there (mark %s)", async (_when, order) => {
    const lower = [
      { path: "d/" },
      { path: "d/old" },
      { path: "d/sub/" },
      { path: "d/sub/old" },
      { path: "e" },
    ];
    const upper = order({ path: "d/.wh..wh..opq" }, [
      { path: "d/" },
      { path: "d/new" },
      { path: "d/sub/new" },
    ]);
    expect(await paths(lower, upper)).toEqual(["d", "d/new", "d/sub", "d/sub/new", "e"]);
  });

  it("ignores the marks of AUFS", async () => {
    expect(
      await paths([
        { path: ".wh..wh.aufs" },
        { path: ".wh..wh.plnk/" },
        { path: ".wh..wh.plnk/1.2" },
        { path: "f" },
      ]),
    ).toEqual(["f"]);
  });

  it("links across layers, and a later layer's file takes only its own name", async () => {
    const entries = await unpacked(
      [
        { path: "one", content: "1" },
        { path: "two", type: "1", linkTarget: "one" },
      ],
      [{ path: "three", type: "1", linkTarget: "/two" }],
      [{ path: "one", content: "new" }],
    );
    expect(entries.get("one")?.content.toString()).toBe("new");
    const linked = [entries.get("two"), entries.get("three")];
    expect(linked.map((entry) => entry?.type).sort()).toEqual(["file", "hardlink"]);
    expect(linked.find((entry) => entry?.type === "file")?.content.toString()).toBe("1");
  });

  it("lets the last of two entries of one name win, and merges folders", async () => {
    const entries = await unpacked(
      [
        { path: "f", content: "first" },
        { path: "d/", mode: 0o700 },
        { path: "d/a" },
        { path: "f", content: "second" },
      ],
      [{ path: "d/", mode: 0o711 }, { path: "d/b" }],
      [{ path: "f/" }, { path: "f/in" }],
    );
    expect(entries.get("d")?.mode).toBe(0o711);
    expect([...entries.keys()].sort()).toEqual(["", "d", "d/a", "d/b", "f", "f/in"]);
    const replaced = await unpacked(
      [{ path: "d/" }, { path: "d/a" }],
      [{ path: "d", content: "file" }],
    );
    expect([...replaced.keys()].sort()).toEqual(["", "d"]);
  });

  it("writes through a symlink of the image inside the image", async () => {
    const entries = await unpacked(
      [
        { path: "usr/lib/" },
        { path: "lib", type: "2", linkTarget: "usr/lib" },
        { path: "out", type: "2", linkTarget: "../../.." },
      ],
      [
        { path: "lib/new/x", content: "x" },
        { path: "out/escaped", content: "e" },
      ],
    );
    expect(entries.get("usr/lib/new/x")?.content.toString()).toBe("x");
    expect(entries.get("escaped")?.content.toString()).toBe("e");
    expect(entries.get("lib")?.type).toBe("symlink");
  });

  it("takes names of 255 bytes, long paths, and names that are not UTF-8", async () => {
    const deep = `${"d".repeat(200)}/`.repeat(15);
    const bytes = Buffer.concat([Buffer.from("caf"), Buffer.from([0xe9, 0x01])]);
    const entries = await unpacked([
      { path: "n".repeat(255), content: "n" },
      { path: `${deep}file`, content: "deep" },
      { path: "placeholder", pax: { path: bytes } },
      { path: "ünïcode ☃", content: "s" },
    ]);
    expect(entries.get("n".repeat(255))?.content.toString()).toBe("n");
    expect(entries.get(`${deep}file`)?.content.toString()).toBe("deep");
    expect(entries.get(bytes.toString("utf8"))).toBeDefined();
    expect(entries.get("ünïcode ☃")?.content.toString()).toBe("s");
  });

  it("gives folders that no entry describes to root, 0755", async () => {
    const entries = await unpacked([{ path: "implied/below/file", uid: 5 }]);
    expect(entries.get("implied/below")).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
  });

  it("leaves overlayfs's own attributes out", async () => {
    const pax = {
      "SCHILY.xattr.trusted.overlay.opaque": "y",
      "SCHILY.xattr.user.overlay.origin": "y",
      "SCHILY.xattr.user.kept": "k",
    };
    const entries = await unpacked([{ path: "d/", pax }]);
    expect([...(entries.get("d")?.xattrs.keys() ?? [])]).toEqual(["user.kept"]);
  });

  it("packs an empty image, and one without layers", async () => {
    expect(await paths([])).toEqual([]);
    const { image } = await importLayers([]);
    expect([...(await contentsOf(image.path)).keys()]).toEqual([""]);
  });
});
