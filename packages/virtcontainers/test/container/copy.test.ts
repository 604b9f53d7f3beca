import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import {
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { makeTar } from "../../../../test/support/tar.ts";
import type { AgentFiles, GuestFile, GuestPiece } from "../../src/agent/files.ts";
import { pinReal } from "../../src/host/files.ts";
import { Tally } from "../../src/transfer/entry.ts";
import { type GuestSide, guestTree } from "../../src/transfer/guest-tree.ts";
import { hostTree } from "../../src/transfer/host-tree.ts";
import { tarTree } from "../../src/transfer/tar-tree.ts";
import { writeTar } from "../../src/transfer/tar-write.ts";
import { toGuest } from "../../src/transfer/to-guest.ts";
import { toHost } from "../../src/transfer/to-host.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";

/** A guest's files by path; names and contents are what it says they are. */
type Told = Readonly<Record<string, Partial<GuestFile> & { text?: string; size?: number }>>;

function guest(told: Told): GuestSide & { pieces: GuestPiece[]; dropped: string[] } {
  const pieces: GuestPiece[] = [];
  const dropped: string[] = [];
  const file = (path: string): GuestFile => {
    const { text = "", ...given } = told[path] ?? {};
    const name = Buffer.from(path.slice(path.lastIndexOf("/") + 1));
    const common = {
      kind: "file",
      mode: 0o644,
      uid: 7,
      gid: 8,
      mtimeMs: 1000,
      target: "",
    } as const;
    return { name, ...common, size: Buffer.byteLength(text), ...given };
  };
  const agent: AgentFiles = {
    statPath: async (_id, path) => (told[path] ? file(path) : undefined),
    listFolder: async (_id, path, { after }) =>
      after.length > 0
        ? []
        : Object.keys(told)
            .filter(
              (key) => key.startsWith(`${path}/`) && !key.slice(path.length + 1).includes("/"),
            )
            .map(file),
    readFile: async (_id, path, { offset, length }) => {
      const text = told[path]?.text;
      const bytes = text === undefined ? Buffer.alloc(length) : Buffer.from(text).subarray(offset);
      return bytes.subarray(0, length);
    },
    putFile: async (_id, piece) => {
      pieces.push(piece);
    },
    dropFile: async () => {},
    renamePath: async () => {},
    removePath: async () => {},
    openWatch: async () => {},
    readWatch: async () => ({ changes: [], ended: true }),
    closeWatch: async () => {},
  };
  const signal = AbortSignal.timeout(20_000);
  const drop = async (reason: unknown, path: string, part: string) => {
    dropped.push(`${path} ${part}`);
    return reason;
  };
  const ids = { sandboxId: "s1", containerId: "c1" };
  return { agent, ...ids, signal, parts: true, drop, pieces, dropped };
}

const folder = { kind: "folder", mode: 0o755 } as const;

async function receive(told: Told, target: string, tally = new Tally()): Promise<Tally> {
  const side = guest(told);
  await using pinned = await open(target, constants.O_DIRECTORY);
  const root = await side.agent.statPath("c1", "/r", true, side.signal);
  if (root === undefined) throw new Error("no root");
  await toHost(pinned, ["out"], guestTree(side, "/r", root, tally), tally, false);
  return tally;
}

describe("from a guest to the host", () => {
  test("files, folders, links and modes, without set-user-id bits", async () => {
    const target = await testFolder();
    const tally = await receive(
      {
        "/r": { ...folder, mode: 0o500 },
        "/r/a": { text: "content", mode: 0o4751 },
        "/r/l": { kind: "link", target: "sub/../a" },
        "/r/sub": folder,
        "/r/sub/b": { text: "" },
      },
      target,
    );
    const out = join(target, "out");
    expect(tally.result("path", "/r")).toMatchObject({
      files: 2,
      folders: 2,
      links: 1,
      bytes: 7,
      skipped: [],
    });
    expect(await readFile(join(out, "a"), "utf8")).toBe("content");
    expect((await stat(join(out, "a"))).mode & 0o7777).toBe(0o751);
    expect((await stat(out)).mode & 0o7777).toBe(0o500);
    expect(await readlink(join(out, "l"))).toBe("sub/../a");
  });

  test.each(["..", ".", "", "a/b", "../../etc/cron.d/x", "a\u0000b"])(
    "a name that leads elsewhere, %j, ends the copy",
    async (name) => {
      const target = await testFolder();
      const told = { "/r": folder, "/r/x": { name: Buffer.from(name), text: "evil" } };
      const error = await refusal(receive(told, target));
      expect(error.code).toBe("PROTOCOL_VIOLATION");
      expect(await readdir(join(target, "out"))).toEqual([]);
    },
  );

  test("links that lead out, devices and strange names are left out and told", async () => {
    const target = await testFolder();
    const tally = await receive(
      {
        "/r": folder,
        "/r/abs": { kind: "link", target: "/etc" },
        "/r/dev": { kind: "other" },
        "/r/name": { name: Buffer.from([0x61, 0xff]), text: "" },
        "/r/sub": folder,
        "/r/sub/up": { kind: "link", target: "../../x" },
        "/r/through": { kind: "link", target: "sub/../../x" },
        "/r/up": { kind: "link", target: "../x" },
      },
      target,
    );
    expect(tally.result("path", "/r").skipped.map(({ path }) => path)).toEqual([
      "abs",
      "dev",
      "a�",
      "sub/up",
      "through",
      "up",
    ]);
    expect(await readdir(join(target, "out"), { recursive: true })).toEqual(["sub"]);
  });

  test("what is there keeps mode and owner; no pipe, socket or device is replaced", async () => {
    const target = await testFolder();
    await mkdir(join(target, "out", "sub"), { recursive: true, mode: 0o711 });
    const before = await stat(join(target, "out", "sub"));
    const told = { "/r": { ...folder, mode: 0o777 }, "/r/sub": { ...folder, mode: 0o777 } };
    await receive({ ...told, "/r/new": { ...folder, mode: 0o777 } }, target);
    const after = await stat(join(target, "out", "sub"));
    expect([after.mode, after.uid]).toEqual([before.mode, before.uid]);
    expect((await stat(join(target, "out", "new"))).mode & 0o7777).toBe(0o777);

    execFileSync("mkfifo", ["-m", "666", join(target, "out", "null")]);
    const error = await refusal(receive({ "/r": folder, "/r/null": { text: "evil" } }, target));
    expect(error.code).toBe("ALREADY_EXISTS");
    expect(error.message).toContain("null is a device, a pipe or a socket on the host");
    const pipe = await stat(join(target, "out", "null"));
    expect([pipe.isFIFO(), pipe.mode & 0o7777]).toEqual([true, 0o666]);
  });

  test("a link in the target's place is replaced or refused, and never followed", async () => {
    const target = await testFolder();
    const outside = await testFolder();
    await writeFile(join(outside, "victim"), "whole");
    await mkdir(join(target, "out"));
    await symlink(join(outside, "victim"), join(target, "out", "a"));
    await receive({ "/r": folder, "/r/a": { text: "evil" } }, target);
    expect(await readFile(join(outside, "victim"), "utf8")).toBe("whole");
    expect(await readFile(join(target, "out", "a"), "utf8")).toBe("evil");
    await symlink(outside, join(target, "out", "sub"));
    await refusal(receive({ "/r": folder, "/r/sub": folder, "/r/sub/x": { text: "" } }, target));
    // The same name twice: a link first, and then a folder behind it.
    const twice = { kind: "link", target: "sub", name: Buffer.from("d") } as const;
    const told = { "/r": folder, "/r/0": twice, "/r/d": folder, "/r/d/x": { text: "" } };
    await refusal(receive(told, target));
    expect(await readdir(outside)).toEqual(["victim"]);
  });

  test("links that lead out by way of other links are left out and told", async () => {
    const target = await testFolder();
    const link = (path: string) => ({ kind: "link", target: path }) as const;
    const told = {
      "/r": folder,
      "/r/a": folder,
      "/r/a/b": folder,
      "/r/a/b/up": link("../.."),
      "/r/back": link("a/b/../b"),
      "/r/late": link("a/b/up/b/.."),
      "/r/out": link("a/b/up/../../../etc/hostname"),
      "/r/twice": link("a/b/up/../x/../../../etc/hostname"),
    };
    const tally = await receive(told, target);
    const out = join(target, "out");
    expect((await readdir(out)).sort()).toEqual(["a", "back"]);
    expect(await readlink(join(out, "back"))).toBe("a/b/../b");
    expect(await readlink(join(out, "a", "b", "up"))).toBe("../..");
    expect(tally.skipped.map(({ path }) => path).sort()).toEqual(["late", "out", "twice"]);
  });

  test("a file that does not come to its end leaves what was there, and nothing beside it", async () => {
    const target = await testFolder();
    await mkdir(join(target, "out"));
    await writeFile(join(target, "out", "a"), "whole");
    const told = { "/r": folder, "/r/a": { text: "new content" } };
    const error = await refusal(receive(told, target, new Tally({ maxBytes: 5 })));
    expect(error.code).toBe("NO_SPACE");
    expect(await readdir(join(target, "out"))).toEqual(["a"]);
    expect(await readFile(join(target, "out", "a"), "utf8")).toBe("whole");
  });

  test("a file that says that it is empty is read to its end", async () => {
    const target = await testFolder();
    const told = { "/r": folder, "/r/version": { text: "Linux", size: 0 } };
    expect((await receive(told, target)).result("path", "/r").bytes).toBe(5);
    expect(await readFile(join(target, "out", "version"), "utf8")).toBe("Linux");
  });

  test("a file without end, and a tree without end, are ended by their limits", async () => {
    const target = await testFolder();
    const endless = { "/r": { size: Number.MAX_SAFE_INTEGER } };
    const bytes = await refusal(receive(endless, target, new Tally({ maxBytes: 3 * 1024 * 1024 })));
    expect(bytes).toMatchObject({ code: "NO_SPACE", field: "options.maxBytes" });
    const side = guest({});
    const again: GuestFile = {
      ...{ ...folder, name: Buffer.from("d"), uid: 0, gid: 0, mtimeMs: 0, size: 0, target: "" },
    };
    const agent = {
      ...side.agent,
      listFolder: async (_id: string, _path: string, { after }: { after: Uint8Array }) =>
        after.length > 0 ? [] : [again],
    };
    const tally = new Tally();
    await using pinned = await open(await testFolder(), constants.O_DIRECTORY);
    const deep = guestTree({ ...side, agent }, "/r", again, tally);
    expect((await refusal(toHost(pinned, ["out"], deep, tally, false))).code).toBe("NO_SPACE");
  });
});

describe("from the host to a guest", () => {
  test("with modes, links as they are, and owners only where they are asked for", async () => {
    const source = await testFolder();
    await mkdir(join(source, "sub"));
    await writeFile(join(source, "sub", "file"), "x".repeat(1024 * 1024 + 1), { mode: 0o640 });
    await symlink("/etc/passwd", join(source, "link"));
    const side = guest({});
    await using pinned = await pinReal(source);
    const tally = new Tally();
    await toGuest(side, "/to", hostTree(pinned, source, tally), tally, false);
    expect(side.pieces.map(({ path, kind, offset }) => [path, kind, offset])).toEqual([
      ["/to", "folder", 0],
      ["/to/link", "link", 0],
      ["/to/sub", "folder", 0],
      ["/to/sub/file", "file", 0],
      ["/to/sub/file", "file", 1024 * 1024],
    ]);
    expect(new Set(side.pieces.slice(3).map(({ part }) => part)).size).toBe(1);
    expect(side.pieces[3]?.part).toMatch(/^[0-9a-f]{16}$/);
    expect(side.pieces[1]?.target).toBe("/etc/passwd");
    expect(side.pieces[3]).toMatchObject({ mode: 0o640, uid: 0, gid: 0, size: 1024 * 1024 + 1 });
  });

  test("a file of /proc has what it says nothing of", async () => {
    const side = guest({});
    await using pinned = await pinReal("/proc/version");
    const tally = new Tally();
    await toGuest(side, "/to", hostTree(pinned, "/proc/version", tally), tally, false);
    const version = await readFile("/proc/version");
    expect(Buffer.concat(side.pieces.map(({ data }) => data))).toEqual(version);
    expect(side.pieces.at(-1)?.size).toBe(version.length);
  });

  test("a file that can't be read to its end leaves nothing in the guest", async () => {
    const side = guest({});
    const entry = {
      ...({ kind: "file", path: [], mode: 0o644, uid: 0, gid: 0, mtimeMs: 0, target: "" } as const),
      size: 9,
      body: async function* () {
        yield Buffer.from("abc");
        yield Buffer.from("def");
        throw new Error("cut");
      },
    };
    await expect(toGuest(side, "/to", given(entry), new Tally(), false)).rejects.toThrow("cut");
    expect(side.pieces.map(({ size, offset }) => [size, offset])).toEqual([[9, 0]]);
    expect(side.dropped).toEqual([`/to ${side.pieces[0]?.part}`]);
  });

  test("what was left out altogether is no success", async () => {
    const folder = await testFolder();
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    await using pinned = await pinReal(pipe);
    const tally = new Tally();
    await toGuest(guest({}), "/to", hostTree(pinned, pipe, tally), tally, false);
    expect(() => tally.result("hostPath", pipe)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        field: "hostPath",
        message: expect.stringContaining("nothing was copied: it is left out: a pipe"),
      }),
    );
  });

  test("a tar stream; folders that it lacks are made, those that are there stay as they are", async () => {
    const tar = makeTar([
      { path: "there/f", content: "abc" },
      { path: "a/b/f", content: "abc" },
      { path: "a/b/g", type: "1", linkTarget: "./a/b/f" },
    ]);
    const side = guest({ "/to/there": folder });
    const tally = new Tally();
    await toGuest(side, "/to", tarTree(Readable.from([tar]), tally), tally, true);
    expect(side.pieces.map(({ path, kind, target }) => [path, kind, target])).toEqual([
      ["/to/there/f", "file", ""],
      ["/to/a", "folder", ""],
      ["/to/a/b", "folder", ""],
      ["/to/a/b/f", "file", ""],
      ["/to/a/b/g", "hard link", "/to/a/b/f"],
    ]);
    expect(tally.result("stream", "")).toMatchObject({ files: 3, folders: 2, skipped: [] });
  });

  test("a tar stream; what leads elsewhere or is no file is left out and told", async () => {
    const tar = makeTar([
      { path: "d/", mode: 0o711 },
      { path: "d/f", content: "abc", uid: 5, gid: 6 },
      { path: "../evil", content: "x" },
      { path: "hard", type: "1", linkTarget: "d/../../f" },
      { path: "dev", type: "3" },
      { path: "l", type: "2", linkTarget: "d" },
    ]);
    const side = guest({});
    const tally = new Tally();
    await toGuest(side, "/to", tarTree(Readable.from([tar]), tally), tally, true);
    expect(side.pieces.map(({ path, uid, mode }) => [path, uid, mode])).toEqual([
      ["/to/d", 0, 0o711],
      ["/to/d/f", 5, 0o644],
      ["/to/l", 0, 0o644],
    ]);
    expect(tally.skipped.map(({ path }) => path)).toEqual(["../evil", "hard", "dev"]);
  });
});

async function* given<T>(...entries: T[]): AsyncGenerator<T> {
  yield* entries;
}

test("a tar stream has the size of what files of /proc and /sys have", async () => {
  const side = guest({
    "/r": folder,
    "/r/more": { text: "more than nothing", size: 0 },
    "/r/less": { text: "less", size: 4096 },
  });
  const tally = new Tally();
  const root = (await side.agent.statPath("c1", "/r", true, side.signal)) ?? expect.fail();
  const tar = Readable.from(writeTar(guestTree(side, "/r", root, tally), "top", tally));
  const read: unknown[] = [];
  for await (const entry of tarTree(tar, tally)) {
    if (entry.kind !== "file") continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of entry.body()) pieces.push(piece);
    read.push([entry.path.join("/"), entry.size, Buffer.concat(pieces).toString()]);
  }
  expect(read).toEqual([
    ["top/more", 17, "more than nothing"],
    ["top/less", 4, "less"],
  ]);
});

test("of what is mounted a tree has the folders alone, and no files", async () => {
  const side = guest({
    "/r": folder,
    "/r/proc": folder,
    "/r/proc/1": { text: "no" },
    "/r/process": { text: "yes" },
    "/r/etc": folder,
    "/r/etc/hosts": { text: "no" },
    "/r/etc/hosts2": { text: "yes" },
  });
  const tally = new Tally();
  const root = (await side.agent.statPath("c1", "/r", true, side.signal)) ?? expect.fail();
  const mounts = new Set(["/r/proc", "/r/etc/hosts"]);
  const seen: string[] = [];
  for await (const { path } of guestTree(side, "/r", root, tally, mounts))
    seen.push(path.join("/"));
  expect(seen.sort()).toEqual(["", "etc", "etc/hosts2", "proc", "process"]);
  expect(tally.skipped).toEqual([]);
});

test("a tree becomes a tar stream that reads back the same", async () => {
  const long = "n".repeat(150);
  const side = guest({
    "/r": folder,
    [`/r/${long}`]: { text: "long", uid: 3_000_000, mode: 0o600 },
    "/r/z": { kind: "link", target: `${long}/x` },
  });
  const tally = new Tally();
  const root = (await side.agent.statPath("c1", "/r", true, side.signal)) ?? expect.fail();
  const tar = Readable.from(writeTar(guestTree(side, "/r", root, tally), "top", tally));
  const read: unknown[] = [];
  for await (const entry of tarTree(tar, tally)) {
    if (entry.kind === "hard link") expect.fail();
    const { path, kind, uid, mode, target } = entry;
    read.push([path.join("/"), kind, uid, mode, target]);
  }
  expect(read).toEqual([
    ["top", "folder", 7, 0o755, ""],
    [`top/${long}`, "file", 3_000_000, 0o600, ""],
    ["top/z", "link", 7, 0o644, `${long}/x`],
  ]);
});
