import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { addImage, makeBusyboxImage, packLayout, sha256 } from "../../../../test/support/images.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { inChild, nobody, nobodyCanRun } from "./support/child.ts";
import { dockerRegistry } from "./support/docker-registry.ts";
import { httpRegistry } from "./support/http-registry.ts";
import { canMount, contentsOf } from "./support/mounted.ts";
import { storeContents, testStore } from "./support/store.ts";

const run = promisify(execFile);
const hasRegistry = existsSync("/usr/bin/docker-registry") && existsSync("/usr/bin/skopeo");
const slow = { timeout: 120_000 };

describe.skipIf(!hasRegistry)(
  "pull from docker-registry (needs docker-registry and skopeo)",
  () => {
    it.each(["oci", "v2s2"])("gets what skopeo pushed (%s)", slow, async (format) => {
      const host = await dockerRegistry();
      const folder = await testFolder();
      const layout = join(folder, "layout");
      await makeBusyboxImage(layout, {
        name: "1",
        extra: [{ path: "extra", content: "layer 2" }, { path: "etc/.wh.group" }],
      });
      const reference = `${host}/team/app:1`;
      const options = ["copy", "-q", "--dest-tls-verify=false", "--format", format];
      await run("skopeo", [...options, `oci:${layout}:1`, `docker://${reference}`]);
      const store = await testStore();
      const image = await store.images.pull(reference);
      const { stdout } = await run("skopeo", [
        "inspect",
        "--tls-verify=false",
        "--format",
        "{{.Digest}}",
        `docker://${reference}`,
      ]);
      expect(image.digest).toBe(stdout.trim());
      expect(image.names).toEqual([reference]);
      expect(image.config).toMatchObject({ env: ["PATH=/bin"], cmd: ["sh"] });
      if (!canMount) return;
      const entries = await contentsOf(image.path);
      expect(entries.get("extra")?.content.toString()).toBe("layer 2");
      expect(entries.has("etc/group")).toBe(false);
      expect(entries.get("tmp")?.mode).toBe(0o1777);
    });
  },
);

describe("several processes", () => {
  it("pull one image at once: one works, the others wait for it", slow, async () => {
    const registry = await httpRegistry();
    const store = await testStore();
    const reference = `${registry.host}/app:1`;
    const children = Array.from({ length: 3 }, () => inChild(store.dataDir, ["pull", reference]));
    const outcomes = await Promise.all(children.map(({ outcome }) => outcome));
    expect(outcomes.map(({ stdout }) => stdout)).toEqual(Array(3).fill(registry.made.digest));
    const blobs = registry.requests.filter(({ line }) => line.includes("/blobs/"));
    expect(blobs).toHaveLength(2);
    expect(await storeContents(store.dataDir)).toEqual([`images/${registry.made.digest.slice(7)}`]);
  });

  it("go on when the one that works is killed in the middle of a layer", slow, async () => {
    const registry = await httpRegistry();
    const store = await testStore();
    const reference = `${registry.host}/app:1`;
    const digest = registry.made.layers[0]?.digest ?? "";
    const reached = new Promise<void>((resolve) => {
      registry.handler = async (request, response, serve) => {
        if (!request.url?.endsWith(digest)) return serve();
        registry.handler = (_request, _response, respond) => respond();
        response.write((await registry.blob(digest)).subarray(0, 10), () => resolve());
      };
    });
    const first = inChild(store.dataDir, ["pull", reference]);
    await reached;
    const second = inChild(store.dataDir, ["pull", reference]);
    expect(await store.images.list()).toEqual([]);
    first.child.kill("SIGKILL");
    expect((await first.outcome).signal).toBe("SIGKILL");
    expect((await second.outcome).stdout).toBe(registry.made.digest);
    await store.images.prune();
    expect(await storeContents(store.dataDir)).toEqual([`images/${registry.made.digest.slice(7)}`]);
  });
});

const steps = ["stage", "layer", "pack", "publish", "names"].flatMap((step) => [
  `image.${step}.before`,
  `image.${step}.after`,
]);
const removal = [
  "discard.before",
  "discard.claimed",
  "discard.after",
  "names.before",
  "names.after",
];

describe.skipIf(!nobodyCanRun)("an ordinary user (needs root to become one)", () => {
  it("gets the same image as root, owners and devices included", slow, async () => {
    const folder = await testFolder();
    await chmod(folder, 0o755);
    const layout = join(folder, "layout");
    const extra = [
      { path: "dev/null", type: "3", devMajor: 1, devMinor: 3 },
      { path: "su", mode: 0o4755, uid: 0 },
    ];
    await makeBusyboxImage(layout, { name: "app:1", extra });
    const store = await testStore();
    const own = await store.images.import(layout);
    const dataDir = join(folder, "data");
    await mkdir(dataDir);
    await chown(dataDir, nobody, nobody);
    const { stdout } = await inChild(dataDir, ["import", layout], {}, nobody).outcome;
    expect(stdout).toBe(own.digest);
    const other = join(dataDir, "images", own.digest.slice(7), "root.erofs");
    expect(sha256(await readFile(other))).toBe(sha256(await readFile(own.path)));
  });
});

describe("kill -9", () => {
  it.each(steps)(
    "at %s leaves no partial image, and nothing after the next operation",
    slow,
    async (point) => {
      const registry = await httpRegistry();
      const store = await testStore();
      const reference = `${registry.host}/app:1`;
      const { outcome } = inChild(store.dataDir, ["pull", reference], { VIRTC_FAILPOINT: point });
      expect((await outcome).signal).toBe("SIGKILL");
      for (const image of await store.images.list()) {
        expect(image.digest).toBe(registry.made.digest);
        const { stderr } = await run("fsck.erofs", [image.path]);
        expect(stderr).not.toMatch(/error|corrupt/i);
      }
      const { digest } = await store.images.pull(reference);
      expect(await storeContents(store.dataDir)).toEqual([`images/${digest.slice(7)}`]);
      await store.images.remove(reference);
      expect(await storeContents(store.dataDir)).toEqual([]);
      expect((await readdir(store.dataDir)).filter((name) => name.endsWith(".new"))).toEqual([]);
    },
  );

  it.each(steps)(
    "at %s of an archive's import leaves nothing after the next import",
    slow,
    async (point) => {
      const store = await testStore();
      const layout = join(store.folder, "layout");
      await addImage(layout, { name: "app:1", layers: [[{ path: "f", content: "hello" }]] });
      const archive = await packLayout(layout, join(store.folder, "app.tar"));
      const env = { VIRTC_FAILPOINT: point };
      expect((await inChild(store.dataDir, ["import", archive], env).outcome).signal).toBe(
        "SIGKILL",
      );
      const { digest } = await store.images.import(archive);
      expect(await storeContents(store.dataDir)).toEqual([`images/${digest.slice(7)}`]);
      await store.images.remove(digest);
      expect(await storeContents(store.dataDir)).toEqual([]);
      expect((await readdir(store.dataDir)).filter((name) => name.endsWith(".new"))).toEqual([]);
    },
  );

  it.each(["layer.after", "pack.after", "publish.after"])(
    "at %s of a pull that nobody repeats leaves what a sweep takes",
    slow,
    async (point) => {
      const registry = await httpRegistry();
      const store = await testStore();
      const env = { VIRTC_FAILPOINT: `image.${point}` };
      await inChild(store.dataDir, ["pull", `${registry.host}/app:1`], env).outcome;
      const left = await store.images.sweep({ dryRun: true });
      expect(left).not.toEqual([]);
      expect(await store.images.sweep()).toEqual(left);
      expect(await store.images.sweep()).toEqual([]);
      const images = (await store.images.list()).map(({ digest }) => `images/${digest.slice(7)}`);
      expect(await storeContents(store.dataDir)).toEqual(images);
    },
  );

  it(
    "of the machine ends a sandbox's use of an image with the sandbox's folder",
    slow,
    async () => {
      const registry = await httpRegistry();
      const store = await testStore();
      const { digest } = await store.images.pull(`${registry.host}/app:1`);
      const sandbox = join(store.folder, "sandbox");
      await mkdir(sandbox);
      await writeFile(store.images.userFile(digest, "sb"), sandbox);
      await refusal(store.images.remove(digest), "BUSY");
      expect(await store.images.sweep()).toEqual([]);
      await rmdir(sandbox);
      expect(await store.images.sweep({ dryRun: true })).toEqual([
        store.images.userFile(digest, "sb"),
      ]);
      await store.images.remove(digest);
      expect(await storeContents(store.dataDir)).toEqual([]);
    },
  );

  it.each(removal)("at %s of a removal leaves the image whole or gone", slow, async (point) => {
    const registry = await httpRegistry();
    const store = await testStore();
    const reference = `${registry.host}/app:1`;
    await store.images.pull(reference);
    const { outcome } = inChild(store.dataDir, ["remove", reference], {
      VIRTC_FAILPOINT: `image.${point}`,
    });
    expect((await outcome).signal).toBe("SIGKILL");
    const whole = point === "discard.before";
    expect(await store.images.list()).toHaveLength(whole ? 1 : 0);
    if (!whole) await refusal(store.images.get(reference), "IMAGE_NOT_FOUND");
    await store.images.prune({ all: true });
    expect(await storeContents(store.dataDir)).toEqual([]);
  });
});

describe.skipIf(!canMount)("a full disk (needs root for a small tmpfs)", () => {
  it.each([
    ["while layers are unpacked", 1],
    ["while the image is packed", 6],
  ])("%s gives NO_SPACE and leaves nothing", slow, async (_when, sizeMiB) => {
    const content = Buffer.from(
      Array.from({ length: 4 * 2 ** 20 }, (_, index) => (index * 31) % 251),
    );
    const registry = await httpRegistry({ layers: [[{ path: "big", content }]] });
    const store = await testStore();
    await mkdir(store.dataDir);
    await run("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m,mode=700`, "tmpfs", store.dataDir]);
    onTestFinished(async () => {
      await run("umount", [store.dataDir]);
    });
    const error = await refusal(store.images.pull(`${registry.host}/app:1`), "NO_SPACE");
    expect(error.hint).toContain("Free some disk space");
    expect(await storeContents(store.dataDir)).toEqual([]);
    expect(await store.images.list()).toEqual([]);
  });
});
