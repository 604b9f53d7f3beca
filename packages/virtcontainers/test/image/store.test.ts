import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { addImage } from "../../../../test/support/images.ts";
import { createHost } from "../../src/host/real.ts";
import type { Image } from "../../src/image/image.ts";
import { createImages } from "../../src/image/store.ts";
import { refusal } from "../support/refusal.ts";
import { storeContents, type TestStore, testStore } from "./support/store.ts";

async function add(store: TestStore, name: string, content = name): Promise<Image> {
  const layout = await mkdtemp(join(store.folder, "layout-"));
  await addImage(layout, { name: "x:1", layers: [[{ path: "f", content }]] });
  return store.images.import(layout, { name });
}

describe("the image store", () => {
  it.skipIf(process.getuid?.() !== 0)(
    "is not read by another user, nor one of an earlier version",
    async () => {
      const store = await testStore();
      await chmod(store.folder, 0o755);
      const image = await add(store, "secret");
      const readers = { uid: 65_534, gid: 65_534 };
      const read = () => promisify(execFile)("cat", [image.path], readers);
      await expect(read()).rejects.toMatchObject({ stderr: expect.stringContaining("denied") });
      const mode = async (path: string) => (await stat(path)).mode & 0o777;
      expect(await mode(image.path)).toBe(0o400);
      expect(await mode(dirname(image.path))).toBe(0o700);
      const above = [store.dataDir, dirname(dirname(image.path)), dirname(image.path)];
      for (const folder of above) await chmod(folder, 0o711);
      await chmod(image.path, 0o444);
      expect((await read()).stdout).not.toBe("");
      await add(store, "next");
      await expect(read()).rejects.toMatchObject({ stderr: expect.stringContaining("denied") });
    },
  );

  it("finds by name, short name, digest and digest prefix", async () => {
    const store = await testStore();
    const local = await add(store, "busybox");
    const remote = await add(store, "127.0.0.1:5000/team/app:1");
    const { images } = store;
    for (const text of [
      "busybox",
      "busybox:latest",
      local.digest,
      local.digest.slice(7),
      local.digest.slice(0, 20),
      local.digest.slice(7, 19),
    ]) {
      expect((await images.get(text)).digest).toBe(local.digest);
    }
    expect((await images.get(`busybox@${local.digest}`)).digest).toBe(local.digest);
    expect((await images.get("127.0.0.1:5000/team/app:1")).digest).toBe(remote.digest);
    expect((await images.list()).map(({ names }) => names).sort()).toEqual([
      ["127.0.0.1:5000/team/app:1"],
      ["busybox:latest"],
    ]);
    for (const text of [
      "docker.io/busybox",
      "busybox:2",
      "team/app:1",
      "sha256:0000000000000",
      "127.0.0.1:5000/team/app",
    ]) {
      expect((await refusal(images.get(text), "IMAGE_NOT_FOUND")).hint).toContain("virtc image");
    }
    await refusal(images.get("../x"), "INVALID_ARGUMENT");
    await refusal(images.ensure("nothing:1", { pull: "never" }), "IMAGE_NOT_FOUND");
  });

  it("takes from the guest's files what comes with them, and asks no registry", async () => {
    const { folder, images } = await testStore({
      bundled: async (name) => (name === "busybox:latest" ? join(folder, "layout") : undefined),
    });
    await addImage(join(folder, "layout"), {
      name: "x:1",
      layers: [[{ path: "f", content: "a" }]],
    });
    await refusal(images.ensure("busybox", { pull: "never" }), "IMAGE_NOT_FOUND");
    expect((await images.ensure("busybox")).names).toEqual(["busybox:latest"]);
    expect((await images.ensure("busybox")).digest).toBe((await images.get("busybox")).digest);
    for (const name of ["127.0.0.1:1/busybox", "127.0.0.1:1/library/busybox:latest"]) {
      await refusal(images.ensure(name), "REGISTRY_FAILED");
    }
  });

  it("is empty where there is none", async () => {
    const { images, dataDir } = await testStore();
    expect(await images.list()).toEqual([]);
    await refusal(images.get("busybox"), "IMAGE_NOT_FOUND");
    await refusal(images.remove("busybox"), "IMAGE_NOT_FOUND");
    expect(await images.prune()).toEqual({ removed: [], freedBytes: 0 });
    expect(await storeContents(dataDir)).toEqual([]);
  });

  it("prefers an imported name to Docker Hub's", async () => {
    const store = await testStore();
    await add(store, "docker.io/busybox", "hub");
    expect((await store.images.get("busybox")).names).toEqual(["docker.io/library/busybox:latest"]);
    const local = await add(store, "busybox", "local");
    expect((await store.images.get("busybox")).digest).toBe(local.digest);
  });

  it("moves a name to another image and leaves the first without one, which prune takes", async () => {
    const store = await testStore();
    const first = await add(store, "app", "first");
    const second = await add(store, "app", "second");
    expect((await store.images.get("app")).digest).toBe(second.digest);
    expect((await store.images.get(first.digest)).names).toEqual([]);
    const { removed, freedBytes } = await store.images.prune();
    expect(removed).toEqual([first.digest]);
    expect(freedBytes).toBeGreaterThan(0);
    expect((await store.images.list()).map(({ digest }) => digest)).toEqual([second.digest]);
  });

  it("removes a name, and the image with its last name", async () => {
    const store = await testStore();
    await add(store, "one", "same");
    await add(store, "two", "same");
    expect((await store.images.remove("one")).names).toEqual(["two:latest"]);
    expect((await store.images.remove("two")).names).toEqual([]);
    expect(await storeContents(store.dataDir)).toEqual([]);
    await refusal(store.images.remove("two"), "IMAGE_NOT_FOUND");
    const { digest } = await add(store, "one", "same");
    await add(store, "two", "same");
    await store.images.remove(digest);
    expect(await store.images.list()).toEqual([]);
  });

  it("keeps an image that a sandbox uses", async () => {
    const store = await testStore();
    const { digest } = await add(store, "used");
    await writeFile(store.images.userFile(digest, "sandbox-1"), "");
    const error = await refusal(store.images.remove("used"), "BUSY");
    expect(error.message).toContain("sandbox-1");
    expect((await store.images.get("used")).digest).toBe(digest);
    expect((await store.images.prune({ all: true })).removed).toEqual([]);
    expect((await store.images.get("used")).digest).toBe(digest);
    await store.images.remove("used", { force: true });
    expect((await store.images.get(digest)).names).toEqual([]);
    expect((await store.images.prune()).removed).toEqual([]);
    await rm(store.images.userFile(digest, "sandbox-1"));
    expect((await store.images.prune()).removed).toEqual([digest]);
  });

  it("refuses a sandbox's id that would leave the folder", async () => {
    const { images } = await testStore();
    const digest = `sha256:${"a".repeat(64)}`;
    for (const id of ["../x", "a/b", "", ".", "..", "x".repeat(300), "a\0b"]) {
      expect(() => images.userFile(digest, id)).toThrow(/id is not valid/);
    }
    expect(() => images.userFile("sha256:../../etc", "sandbox")).toThrow(/not a valid digest/);
  });

  it("prunes all that is unused", async () => {
    const store = await testStore();
    await add(store, "one");
    await add(store, "two");
    expect((await store.images.prune()).removed).toEqual([]);
    expect((await store.images.prune({ all: true })).removed).toHaveLength(2);
    expect(await storeContents(store.dataDir)).toEqual([]);
    expect(JSON.parse(await readFile(join(store.dataDir, "images.json"), "utf8")).names).toEqual(
      {},
    );
  });

  it("is its owner's alone, folders and files", async () => {
    const store = await testStore();
    const { path } = await add(store, "modes");
    const mode = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);
    const folder = join(path, "..");
    expect(
      await Promise.all([store.dataDir, join(store.dataDir, "images"), folder, path].map(mode)),
    ).toEqual(["700", "700", "700", "400"]);
    const closed = [
      join(folder, "users"),
      join(store.dataDir, "tmp"),
      join(store.dataDir, "locks"),
    ];
    expect(await Promise.all(closed.map(mode))).toEqual(["700", "700", "700"]);
    const files = [
      join(folder, "image.json"),
      join(store.dataDir, "images.json"),
      join(store.dataDir, "images.lock"),
    ];
    expect(await Promise.all(files.map(mode))).toEqual(["600", "600", "600"]);
  });

  it("passes over a damaged record with a warning, tells it by name, and prunes it", async () => {
    const store = await testStore();
    const { digest, path } = await add(store, "broken");
    await writeFile(join(path, "..", "image.json"), '{"schemaVersion":99}');
    expect(await store.images.list()).toEqual([]);
    expect(store.warnings.join()).toContain("image.json can't be read");
    expect((await refusal(store.images.get("broken"), "STATE_INVALID")).hint).toContain("prune");
    expect((await store.images.prune()).removed).toEqual([digest]);
    expect((await add(store, "broken")).digest).toBe(digest);
  });

  it("tells a damaged index of names", async () => {
    const store = await testStore();
    await add(store, "app");
    await writeFile(join(store.dataDir, "images.json"), "{");
    expect((await refusal(store.images.get("app"), "STATE_INVALID")).message).toContain(
      "images.json",
    );
  });

  it("sweeps what killed operations left, and nothing of living ones", async () => {
    const store = await testStore();
    await add(store, "app");
    const tmp = join(store.dataDir, "tmp");
    for (const name of ["dead", "living", "lockless"]) {
      await mkdir(join(tmp, name));
      await writeFile(join(tmp, name, "layer-0"), "x");
    }
    await writeFile(join(tmp, "dead.lock"), "");
    await mkdir(join(store.dataDir, "images", "a".repeat(64)));
    await writeFile(join(store.dataDir, "images.json.0123.new"), "{");
    const lock = await createHost().locks.acquire(join(tmp, "living.lock"), "exclusive", {
      create: true,
    });
    await store.images.prune();
    const left = await storeContents(store.dataDir);
    expect(left.filter((path) => path.startsWith("tmp/")).sort()).toEqual([
      "tmp/living",
      "tmp/living.lock",
    ]);
    expect(left).not.toContain(`images/${"a".repeat(64)}`);
    expect(await readdir(store.dataDir)).not.toContain("images.json.0123.new");
    lock?.release();
    await store.images.prune();
    expect((await storeContents(store.dataDir)).filter((path) => path.startsWith("tmp/"))).toEqual(
      [],
    );
  });

  it("imports, lists and removes from many callers at once", async () => {
    const store = await testStore();
    const names = Array.from({ length: 12 }, (_, number) => `app-${number}:1`);
    await Promise.all(names.map((name, number) => add(store, name, `content-${number % 4}`)));
    const all = await store.images.list();
    expect(all).toHaveLength(4);
    expect(all.flatMap((image) => image.names).sort()).toEqual([...names].sort());
    await Promise.all([...names.map((name) => store.images.remove(name)), store.images.list()]);
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("wants an absolute folder", () => {
    expect(() => createImages({ host: createHost(), dataDir: "data" })).toThrow(
      /dataDir.*absolute/,
    );
  });
});
