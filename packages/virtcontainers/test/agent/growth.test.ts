import { constants } from "node:fs";
import { open, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { AgentFiles, GuestFile } from "../../src/agent/files.ts";
import { ExecOutput } from "../../src/container/exec/output.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { noBody, Tally, type TreeEntry } from "../../src/transfer/entry.ts";
import { type GuestSide, guestTree } from "../../src/transfer/guest-tree.ts";
import { toHost } from "../../src/transfer/to-host.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

// What is kept of a guest's answers, which come without end, has bounds of its own.
const mebibyte = 1024 * 1024;

describe("output of a command", () => {
  test("is read by lines that have a bound", async () => {
    await using instance = await createTestInstance({
      commands: {
        endless: async ({ stdout }) => {
          for (let piece = 0; piece < 64; piece++) await stdout.write("x".repeat(64 * 1024));
          return 0;
        },
      },
    });
    await using sandbox = await instance.vc.runSandbox({ containers: [waiting] });
    const lines = sandbox.exec(["endless"], { maxOutputBytes: mebibyte }).lines();
    expect(await refusal(lines.next())).toMatchObject({
      code: "NO_SPACE",
      field: "maxOutputBytes",
    });
  });

  test("costs no more memory the longer it is where it is read as it comes", async () => {
    setFlagsFromString("--expose-gc");
    const gc: unknown = runInNewContext("gc");
    if (typeof gc !== "function") throw new Error("this Node.js can't collect garbage on demand");
    const used = (): number => {
      gc();
      const { arrayBuffers, heapUsed } = process.memoryUsage();
      return arrayBuffers + heapUsed;
    };
    const piece = "x".repeat(64 * 1024);
    await using instance = await createTestInstance({
      commands: {
        much: async ({ stdout }) => {
          for (let count = 0; count < 2048; count++) await stdout.write(piece);
          return 0;
        },
      },
    });
    await using sandbox = await instance.vc.runSandbox({ containers: [waiting] });
    const before = used();
    const much = sandbox.exec(["much"]);
    let bytes = 0;
    for await (const { data } of much) bytes += data.length;
    expect(bytes).toBe(128 * mebibyte);
    expect(used() - before).toBeLessThan(16 * mebibyte);
    expect((await much).truncated).toBe(true);
  });

  test("is kept without the frames that it came in", async () => {
    const output = new ExecOutput("stdout", 64 * mebibyte);
    const before = process.memoryUsage().arrayBuffers;
    const pieces = async function* () {
      for (let piece = 0; piece < 2_000; piece++) {
        const frame = Buffer.allocUnsafeSlow(mebibyte);
        frame[0] = 0x41;
        yield frame.subarray(0, 1);
      }
    };
    await output.drain(Readable.from(pieces(), { objectMode: true }));
    expect(output.bytes().toString()).toBe("A".repeat(2_000));
    // What is no longer used may not have been collected yet, but not all of it.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000 * mebibyte);
  });
});

describe("a tree of a guest", () => {
  const folder = { kind: "folder", mode: 0o750, uid: 0, gid: 0, mtimeMs: 0, size: 0 } as const;

  test("is asked for in short pages where many folders are open above", async () => {
    const limits: number[] = [];
    const agent: AgentFiles = {
      statPath: async () => undefined,
      listFolder: async (_id, _path, { after, limit }) => {
        if (after.length > 0) return [];
        limits.push(limit);
        const again: GuestFile = { ...folder, name: Buffer.from("d"), target: "" };
        return [again];
      },
      readFile: async () => Buffer.alloc(0),
      putFile: async () => {},
      dropFile: async () => {},
      renamePath: async () => {},
      removePath: async () => {},
      openWatch: async () => {},
      readWatch: async () => ({ changes: [], ended: true }),
      closeWatch: async () => {},
    };
    const side: GuestSide = {
      ...{ agent, sandboxId: "s1", containerId: "c1", parts: true },
      signal: AbortSignal.timeout(20_000),
      drop: async (reason) => reason,
    };
    const root: GuestFile = { ...folder, name: Buffer.from("r"), target: "" };
    const tally = new Tally();
    const walk = async () => {
      for await (const entry of guestTree(side, "/r", root, tally)) tally.add(entry);
    };
    expect((await refusal(walk())).code).toBe("NO_SPACE");
    // Each page may be as long as a message, and those of all open folders are kept.
    const kept = limits.reduce((sum, limit) => sum + limit, 0);
    expect(limits.length).toBeGreaterThan(200);
    expect(kept).toBeLessThan(25_000);
  });

  test("keeps nothing on the host of folders that are done", async () => {
    const target = await testFolder();
    const modes: number[] = [];
    const entry = (...path: string[]): TreeEntry => ({ ...folder, path, target: "", body: noBody });
    const entries = async function* () {
      yield entry();
      yield entry("a");
      yield entry("a", "b");
      for (const path of ["a", "a/b"])
        modes.push((await stat(join(target, "t", path))).mode & 0o777);
      yield entry("c");
      for (const path of ["a", "a/b"])
        modes.push((await stat(join(target, "t", path))).mode & 0o777);
    };
    await using pinned = await open(target, constants.O_DIRECTORY);
    await toHost(pinned, ["t"], entries(), new Tally(), false);
    // The mode is the last thing that a folder gets.
    expect(modes).toEqual([0o700, 0o700, 0o750, 0o750]);
    expect((await stat(join(target, "t"))).mode & 0o777).toBe(0o750);
  });

  test("gives a folder its time after the links in it that wait for the end", async () => {
    const target = await testFolder();
    const entry = (kind: "folder" | "link", path: string[], link = ""): TreeEntry => ({
      ...{ ...folder, mtimeMs: 1000, kind, path, target: link, body: noBody },
    });
    const entries = async function* () {
      yield entry("folder", []);
      yield entry("folder", ["a"]);
      yield entry("link", ["a", "l"], "../b/../a");
      yield entry("folder", ["b"]);
    };
    await using pinned = await open(target, constants.O_DIRECTORY);
    await toHost(pinned, ["t"], entries(), new Tally(), false);
    expect(await readlink(join(target, "t", "a", "l"))).toBe("../b/../a");
    for (const path of ["t", "t/a", "t/b"])
      expect((await stat(join(target, path))).mtimeMs).toBe(1000);
  });

  test("tells no longer paths of what was left out than there can be", () => {
    const tally = new Tally();
    tally.skip(
      Array.from({ length: 200 }, () => "n".repeat(255)),
      "a device",
    );
    expect(tally.skipped[0]?.path).toHaveLength(4096);
  });
});
