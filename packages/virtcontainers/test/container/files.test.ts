import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { FileContent, Files, Sandbox } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

let instance: TestInstance;
let sandbox: Sandbox;
let files: Files;
let base: string;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "files-"));
  instance = await createTestInstance();
  sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
  files = sandbox.files;
});
afterEach(() => files.remove("/work", { recursive: true, force: true }));
afterAll(async () => {
  await sandbox.release();
  await instance[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
});

describe("sandbox.files", () => {
  const text = "gr\u00fc\u00dfe\n";
  const bytes = Buffer.from(text);
  const contents: Record<string, () => FileContent> = {
    "a text": () => text,
    bytes: () => bytes,
    "an ArrayBuffer": () => new Uint8Array(bytes).buffer,
    "a Blob": () => new Blob([text]),
    "a web stream": () => new Blob([text]).stream(),
    "a Node stream": () => Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]),
    "what is iterated over": async function* () {
      yield "gr";
      yield Buffer.from("\u00fc\u00dfe\n");
    },
  };

  test.each(Object.entries(contents).map(([name, content]) => ({ name, content })))(
    "writes $name, in folders that it makes, and reads it in every form",
    async ({ content }) => {
      await files.write("/work/in/file", content());
      expect(await files.readText("/work/in/file")).toBe(text);
      expect(await files.read("/work/in/file")).toEqual(bytes);
      expect(await buffer(files.readStream("/work/in/file"))).toEqual(bytes);
    },
  );

  test("gives a file mode and owner, and tells them", async () => {
    await files.write("/work/file", "abc", { mode: 0o640, uid: 7, gid: 8 });
    const stat = await files.stat("/work/file");
    expect(stat).toMatchObject({
      ...{ name: "file", path: "/work/file", kind: "file", mode: 0o640, uid: 7, gid: 8 },
      sizeBytes: 3,
    });
    expect(new Date(stat.modifiedAt).toISOString()).toBe(stat.modifiedAt);
    expect(await files.stat("/work")).toMatchObject({ kind: "folder", mode: 0o755, uid: 0 });
  });

  test("lists a folder, or all below it, and no more than it may", async () => {
    await files.write("/work/b", "");
    await files.write("/work/a/c", "12");
    const paths = async (...args: Parameters<Files["list"]>) =>
      (await files.list(...args)).map(({ path }) => path);
    expect(await paths("/work")).toEqual(["/work/a", "/work/b"]);
    expect(await paths("/work/", { recursive: true })).toEqual(["/work/a", "/work/a/c", "/work/b"]);
    for (const recursive of [false, true]) {
      expect((await files.list("/work", { recursive, maxEntries: 3 })).length).toBeGreaterThan(1);
      const error = await refusal(files.list("/work", { recursive, maxEntries: 1 }));
      expect(error).toMatchObject({ code: "NO_SPACE", field: "options.maxEntries" });
    }
  });

  test("makes folders, renames and removes", async () => {
    await files.mkdir("/work/a/b", { mode: 0o700 });
    await files.mkdir("/work/a/b");
    expect(await files.stat("/work/a/b")).toMatchObject({ kind: "folder", mode: 0o700 });
    await files.write("/work/one", "1");
    await files.write("/work/two", "2");
    await files.rename("/work/one", "/work/two");
    expect(await files.exists("/work/one")).toBe(false);
    expect(await files.readText("/work/two")).toBe("1");
    await files.remove("/work/two");
    await files.remove("/work/two", { force: true });
    await files.remove("/work/a", { recursive: true });
    expect(await files.list("/work")).toEqual([]);
  });

  test("removes what takes the guest more than one call", async () => {
    const guest = instance.agent("sb").containers.get("c1")?.files;
    for (let count = 0; count < 2500; count++) guest?.write(`/work/${count}`, "");
    expect(guest?.list("/work")).toHaveLength(2500);
    await files.remove("/work", { recursive: true });
    expect(await files.exists("/work")).toBe(false);
  });

  test("moves whole trees between host and container", async () => {
    writeFileSync(join(base, "up"), "from the host");
    await files.mkdir("/work");
    expect(await files.upload(join(base, "up"), "/work")).toMatchObject({ files: 1, bytes: 13 });
    expect(await files.readText("/work/up")).toBe("from the host");
    await files.download("/work/up", join(base, "down"));
    expect(readFileSync(join(base, "down"), "utf8")).toBe("from the host");
  });

  test("a file that is not whole is none, and what was there stays", async () => {
    await files.write("/work/file", "before");
    const broken = async function* () {
      yield Buffer.alloc(3 * 1024 * 1024);
      throw new Error("the source has broken");
    };
    await expect(files.write("/work/file", broken())).rejects.toThrow("the source has broken");
    expect(await files.readText("/work/file")).toBe("before");
    expect((await files.list("/work")).map(({ name }) => name)).toEqual(["file"]);
  });

  test.each([
    ["read", "/work/none", "FILE_NOT_FOUND"],
    ["read", "/work", "INVALID_ARGUMENT"],
    ["list", "/work/none", "FILE_NOT_FOUND"],
    ["list", "/work/file", "INVALID_ARGUMENT"],
    ["stat", "/work/none", "FILE_NOT_FOUND"],
    ["remove", "/work/none", "FILE_NOT_FOUND"],
    ["remove", "/work", "INVALID_ARGUMENT"],
    ["mkdir", "/work/file", "ALREADY_EXISTS"],
    ["mkdir", "/work/file/below", "INVALID_ARGUMENT"],
    ["read", "work/file", "INVALID_ARGUMENT"],
    ["read", "/work/../etc/passwd", "INVALID_ARGUMENT"],
    ["remove", "/", "INVALID_ARGUMENT"],
  ] as const)("%s of %s is %s", async (verb, path, code) => {
    await files.write("/work/file", "abc");
    expect((await refusal(files[verb](path))).code).toBe(code);
    expect(await files.readText("/work/file")).toBe("abc");
  });

  test.each(["RemovePath", "RenamePath", "PutFile"])(
    "what the guest's kernel does not permit by %s is PERMISSION_DENIED",
    async (at) => {
      const does = { kind: "error", code: "permission_denied", message: "EPERM" } as const;
      await using refusing = await createTestInstance({ agent: { faults: [{ at, does }] } });
      await using other = await refusing.vc.runSandbox({ id: "other", containers: [waiting] });
      const call = {
        RemovePath: () => other.files.remove("/tmp"),
        RenamePath: () => other.files.rename("/tmp", "/new"),
        PutFile: () => other.files.write("/tmp/file", "text"),
      }[at];
      expect((await refusal(call?.() ?? Promise.resolve())).code).toBe("PERMISSION_DENIED");
    },
  );

  test("refuses what is too long, names what is none, and fields that are none", async () => {
    await files.write("/work/file", "abc");
    expect(await refusal(files.read("/work/file", { maxBytes: 2 }))).toMatchObject({
      code: "NO_SPACE",
      field: "options.maxBytes",
    });
    const nothing = files.rename("/work/none", "/work/other");
    expect((await refusal(nothing)).code).toBe("FILE_NOT_FOUND");
    const folder = files.rename("/work/file", "/etc");
    expect((await refusal(folder)).code).toBe("ALREADY_EXISTS");
    const unknown = { owner: 1 } as never;
    expect((await refusal(files.write("/work/x", "", unknown))).message).toContain("options.owner");
    expect((await refusal(files.write("/work/x", 7 as never))).message).toContain("data");
    expect((await refusal(files.read("/x", { container: "none1" }))).code).toBe(
      "CONTAINER_NOT_FOUND",
    );
    expect((await refusal(files.write("/", ""))).code).toBe("INVALID_ARGUMENT");
    expect(await files.exists("/work/x")).toBe(false);
  });
});
