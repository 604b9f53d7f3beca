import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  addBlob,
  addImage,
  blobPath,
  hostArchitecture,
  type MadeImage,
  packLayout,
} from "../../../../test/support/images.ts";
import { makeTar, type TarMember } from "../../../../test/support/tar.ts";
import { refusal } from "../support/refusal.ts";
import { canMount, contentsOf } from "./support/mounted.ts";
import { storeContents, testStore } from "./support/store.ts";

const run = promisify(execFile);
const members = [{ path: "etc/" }, { path: "etc/x", content: "x", uid: 7 }];
const config = {
  Env: ["PATH=/bin", "A=b=c"],
  Entrypoint: ["/init"],
  Cmd: ["sh", "-c", "true"],
  WorkingDir: "/work",
  User: "1:2",
  ExposedPorts: { "80/tcp": {} },
  Volumes: { "/data": {} },
  Labels: { a: "b" },
  StopSignal: "SIGINT",
};

describe("import", () => {
  it.each(["path with ..", "symlink to a folder", "symlink to a file"])(
    "reads nothing outside of a folder, by whatever %s",
    async (way) => {
      const store = await testStore();
      const outside = join(store.folder, "outside");
      const folder = join(store.folder, "folder");
      const made = await addImage(outside, { name: "app:1", layers: [members] });
      const [layer] = made.layers;
      const names = [made.config.digest, layer?.digest ?? ""].map((digest) => digest.slice(7));
      await mkdir(folder);
      const above = way === "path with .." ? "../outside/blobs/sha256" : "blobs/sha256";
      if (way === "symlink to a folder")
        await symlink(join(outside, "blobs"), join(folder, "blobs"));
      if (way === "symlink to a file") {
        await mkdir(join(folder, above), { recursive: true });
        for (const name of names)
          await symlink(join(outside, above, name), join(folder, above, name));
      }
      const [Config, ...Layers] = names.map((name) => `${above}/${name}`);
      const manifest = [{ Config, Layers, RepoTags: ["app:1"] }];
      await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
      await refusal(store.images.import(folder), "IMAGE_INVALID");
    },
  );

  it("takes an OCI layout as folder, tar, tar.gz and tar.zst, always as the same image", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    const made = await addImage(layout, { name: "app:1", layers: [members], config });
    const tar = await packLayout(layout, join(store.folder, "layout.tar"));
    await run("gzip", ["-k", tar]);
    await run("zstd", ["-q", tar]);
    for (const path of [layout, tar, `${tar}.gz`, `${tar}.zst`]) {
      await store.images.prune({ all: true });
      const image = await store.images.import(path);
      expect(image).toMatchObject({
        digest: made.digest,
        names: ["app:1"],
        platform: { os: "linux", architecture: hostArchitecture() },
        createdAt: "2024-01-02T03:04:05.000Z",
      });
    }
    const [image] = await store.images.list();
    expect(image?.config).toEqual({
      env: ["PATH=/bin", "A=b=c"],
      entrypoint: ["/init"],
      cmd: ["sh", "-c", "true"],
      workingDir: "/work",
      user: "1:2",
      exposedPorts: ["80/tcp"],
      volumes: ["/data"],
      labels: { a: "b" },
      stopSignal: "SIGINT",
    });
    expect(await storeContents(store.dataDir)).toEqual([`images/${made.digest.slice(7)}`]);
  });

  it("does not unpack again what is there", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    await addImage(layout, { name: "app:1", layers: [members] });
    const { importedAt } = await store.images.import(layout);
    const phases: string[] = [];
    const onProgress = ({ phase }: { phase: string }): void => void phases.push(phase);
    const again = await store.images.import(layout, { name: "other", onProgress });
    expect(again).toMatchObject({ importedAt, names: ["app:1", "other:latest"] });
    expect(phases).toEqual(["resolve", "done"]);
  });

  it("fills in what a configuration leaves out", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    await addImage(layout, { name: "bare:1", layers: [members], packing: "none" });
    expect((await store.images.import(layout)).config).toEqual({
      env: [],
      entrypoint: [],
      cmd: [],
      workingDir: "/",
      user: "",
      exposedPorts: [],
      volumes: [],
      labels: {},
      stopSignal: undefined,
    });
  });

  it("takes what docker save writes, and gives it the same digest each time", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    await addImage(layout, { name: "latest", layers: [members, [{ path: "etc/y" }]], config });
    const tar = join(store.folder, "saved.tar");
    await run("skopeo", ["copy", "-q", `oci:${layout}:latest`, `docker-archive:${tar}:team/app:2`]);
    const image = await store.images.import(tar);
    expect(image.names).toEqual(["docker.io/team/app:2"]);
    expect(image.config.user).toBe("1:2");
    expect((await store.images.import(tar, { name: "other" })).digest).toBe(image.digest);
    expect([...(await store.images.get("other")).names].sort()).toEqual([
      "docker.io/team/app:2",
      "other:latest",
    ]);
  });

  it.skipIf(!canMount)(
    "takes a plain root file system as tar or folder (needs root to mount)",
    async () => {
      const store = await testStore();
      const tar = join(store.folder, "rootfs.tar");
      await writeFile(tar, makeTar(members));
      await writeFile(`${tar}.gz`, gzipSync(makeTar(members)));
      const folder = join(store.folder, "rootfs");
      await mkdir(folder);
      await run("tar", ["-xf", tar, "-C", folder]);
      await symlink("../../outside", join(folder, "link"));
      const fromTar = await store.images.import(tar, { name: "plain" });
      expect(fromTar.names).toEqual(["plain:latest"]);
      expect(fromTar.digest).toMatch(/^sha256:/);
      expect((await store.images.import(`${tar}.gz`, { name: "packed" })).digest).toBe(
        fromTar.digest,
      );
      const fromFolder = await store.images.import(folder, { name: "folder:1" });
      const entries = await contentsOf(fromFolder.path);
      expect([...entries.keys()].sort()).toEqual(["", "etc", "etc/x", "link"]);
      expect(entries.get("etc/x")).toMatchObject({ uid: 7 });
      expect(entries.get("link")?.linkTarget).toBe("../../outside");
    },
  );

  it("reads from a pipe", async () => {
    const store = await testStore();
    const pipe = join(store.folder, "pipe");
    await run("mkfifo", [pipe]);
    const [image] = await Promise.all([
      store.images.import(pipe, { name: "piped" }),
      writeFile(pipe, makeTar(members)),
    ]);
    expect(image.names).toEqual(["piped:latest"]);
  });

  it("picks the image that is named, and the host's platform", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    const platform = { os: "linux", architecture: "s390x" };
    await addImage(layout, { name: "one:1", layers: [members], platform });
    const own = await addImage(layout, { name: "one:1", layers: [members] });
    const two = await addImage(layout, { name: "two:latest", layers: [[{ path: "two" }]] });
    const error = await refusal(store.images.import(layout), "INVALID_ARGUMENT");
    expect(error.message).toContain('["one:1","two:latest"]');
    expect((await store.images.import(layout, { name: "two" })).digest).toBe(two.digest);
    expect((await store.images.import(layout, { name: "one:1" })).digest).toBe(own.digest);
    const other = await store.images.import(layout, { name: "one:1", platform: "linux/s390x" });
    expect(other.platform).toEqual(platform);
  });

  it("takes all names that an archive has for an image", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    const made = await addImage(layout, { name: "one:1", layers: [members] });
    await addImage(layout, { name: "two:2", layers: [members] });
    const image = await store.images.import(layout);
    expect(image).toMatchObject({ digest: made.digest, names: ["one:1", "two:2"] });
    await store.images.prune({ all: true });
    const saved = (folder: string, [config, layer]: [string, string], digests: string[]) =>
      Promise.all(
        [config, layer].map(async (path, number) => {
          const digest = digests[number] ?? "";
          return { path, content: await readFile(blobPath(folder, digest)) };
        }),
      );
    const digestsOf = ({ config, layers }: MadeImage) => [config.digest, layers[0]?.digest ?? ""];
    const manifest = [{ Config: "c", Layers: ["l"], RepoTags: ["one:1", "two:latest"] }];
    const tar = join(store.folder, "saved.tar");
    const files = await saved(layout, ["c", "l"], digestsOf(made));
    const write = (list: unknown[], members: TarMember[]) =>
      writeFile(
        tar,
        makeTar([...members, { path: "manifest.json", content: JSON.stringify(list) }]),
      );
    await write(manifest, files);
    expect((await store.images.import(tar)).names).toEqual(["one:1", "two:latest"]);
    const otherLayout = join(store.folder, "other");
    const other = await addImage(otherLayout, { layers: [[{ path: "y" }]] });
    const more = { Config: "d", Layers: ["m"], RepoTags: ["docker.io/library/three:3"] };
    const others = await saved(otherLayout, ["d", "m"], digestsOf(other));
    await write([...manifest, more], [...files, ...others]);
    await refusal(store.images.import(tar), "INVALID_ARGUMENT");
    const first = await store.images.get("one:1");
    expect((await store.images.import(tar, { name: "two" })).digest).toBe(first.digest);
    expect((await store.images.import(tar, { name: "three:3" })).digest).not.toBe(first.digest);
  });

  it("does not mind the digests of what it does not choose", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    const made = await addImage(layout, { name: "app:1", layers: [members] });
    const path = join(layout, "index.json");
    const index: { manifests: unknown[] } = JSON.parse(await readFile(path, "utf8"));
    const platform = { os: "windows", architecture: "amd64" };
    const annotations = { "org.opencontainers.image.ref.name": "app:1" };
    const other = { digest: `sha512:${"a".repeat(128)}`, size: 1, platform, annotations };
    index.manifests.unshift(other);
    await writeFile(path, JSON.stringify(index));
    expect((await store.images.import(layout)).digest).toBe(made.digest);
    const windows = store.images.import(layout, { name: "app:1", platform: "windows/amd64" });
    await refusal(windows, "NOT_SUPPORTED");
  });

  it.skipIf(!canMount)(
    "has its working directory, also where that is a link to nothing (needs root to mount)",
    async () => {
      const store = await testStore();
      const layout = join(store.folder, "layout");
      const link = { path: "work", type: "2", linkTarget: "var/lib/app" };
      const config = { WorkingDir: "/work/deep" };
      await addImage(layout, { name: "app:1", layers: [[link]], config });
      const { path } = await store.images.import(layout);
      const entries = await contentsOf(path);
      expect(entries.get("var/lib/app/deep")).toMatchObject({ type: "directory", mode: 0o755 });
    },
  );

  it.each([
    [
      "an empty entry point as none",
      { Entrypoint: [""], Cmd: ["sh"] },
      { entrypoint: [], cmd: ["sh"] },
    ],
    ["a stop signal by name", { StopSignal: "SIGQUIT" }, { stopSignal: "SIGQUIT" }],
    ["a stop signal by number", { StopSignal: "3" }, { stopSignal: "3" }],
    ["a stop signal that is a number", { StopSignal: 3 }, { stopSignal: "3" }],
  ])("takes %s", async (_what, config, expected) => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    await addImage(layout, { name: "app:1", layers: [members], config });
    expect((await store.images.import(layout)).config).toMatchObject(expected);
    expect((await store.images.get("app:1")).config).toMatchObject(expected);
  });

  it("follows an index within the index", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    const made = await addImage(layout, { layers: [members] });
    const inner = await readFile(join(layout, "index.json"));
    const index = await addBlob(layout, "application/vnd.oci.image.index.v1+json", inner);
    await writeFile(
      join(layout, "index.json"),
      JSON.stringify({ schemaVersion: 2, manifests: [index] }),
    );
    expect((await store.images.import(layout, { name: "nested" })).digest).toBe(made.digest);
  });

  it("lists what there is when the platform is not there", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    for (const architecture of ["s390x", "riscv64"]) {
      await addImage(layout, {
        name: "a:1",
        layers: [members],
        platform: { os: "linux", architecture },
      });
    }
    const error = await refusal(store.images.import(layout), "NOT_SUPPORTED");
    expect(error.message).toContain("there is linux/s390x, linux/riscv64");
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it.each([
    [
      "no name for a root file system",
      makeTar(members),
      {},
      "INVALID_ARGUMENT",
      "what its image is called",
    ],
    ["a name that is none", makeTar(members), { name: "A B" }, "INVALID_ARGUMENT", "name:"],
    [
      "a name with a digest",
      makeTar(members),
      { name: `a@sha256:${"a".repeat(64)}` },
      "INVALID_ARGUMENT",
      "a tag",
    ],
    [
      "a platform that is none",
      makeTar(members),
      { name: "a", platform: "amd64" },
      "INVALID_ARGUMENT",
      "platform",
    ],
    [
      "a file that is no archive",
      Buffer.alloc(4096, "x"),
      { name: "a" },
      "IMAGE_INVALID",
      "archive",
    ],
    ["an empty file", Buffer.alloc(0), { name: "a" }, "IMAGE_INVALID", "empty"],
    [
      "a cut tar",
      makeTar(members, { end: false }),
      { name: "a" },
      "IMAGE_INVALID",
      "ends too early",
    ],
    [
      "a cut gzip",
      gzipSync(makeTar(members)).subarray(0, 90),
      { name: "a" },
      "IMAGE_INVALID",
      "gzip",
    ],
  ] as const)("refuses %s", async (_what, content, options, code, message) => {
    const store = await testStore();
    const path = join(store.folder, "input");
    await writeFile(path, content);
    expect((await refusal(store.images.import(path, options), code)).message).toContain(message);
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("refuses a path that is not there", async () => {
    const { images } = await testStore();
    const error = await refusal(images.import("/nonexistent/x.tar"), "INVALID_ARGUMENT");
    expect(error).toMatchObject({ field: "path" });
    expect(error.message).toContain("no such file");
  });

  it("does not follow symlinks in a layout, and names a missing or wrong document", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    const made = await addImage(layout, { name: "a:1", layers: [members] });
    const path = blobPath(layout, made.digest);
    const manifest = await readFile(path);
    await writeFile(path, Buffer.concat([manifest, Buffer.from(" ")]));
    expect((await refusal(store.images.import(layout), "IMAGE_INVALID")).message).toContain(
      made.digest,
    );
    await writeFile(join(store.folder, "elsewhere"), manifest);
    await run("rm", [path]);
    await symlink("../../../elsewhere", path);
    expect((await refusal(store.images.import(layout), "IMAGE_INVALID")).message).toContain(
      "has no file",
    );
    await writeFile(
      join(layout, "index.json"),
      '{"manifests":[{"digest":"sha256:../../x","size":1}]}',
    );
    expect((await refusal(store.images.import(layout), "IMAGE_INVALID")).message).toContain(
      "is not a valid digest",
    );
  });

  it("ends at its deadline and by its signal, and leaves nothing", async () => {
    const store = await testStore();
    const layout = join(store.folder, "layout");
    await addImage(layout, {
      name: "a:1",
      layers: [[{ path: "big", content: Buffer.alloc(30_000_000, "b") }]],
    });
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error("enough"));
    await refusal(
      store.images.import(layout, { signal: controller.signal, onProgress }),
      "CANCELED",
    );
    const late = await refusal(store.images.import(layout, { timeoutMs: 1 }), "TIMEOUT");
    expect(late.hint).toContain("the disk");
    expect(await storeContents(store.dataDir)).toEqual([]);
  });
});
