import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { makeTar, type TarMember } from "../../../../test/support/tar.ts";
import type { ImageProgress, SaveOptions } from "../../src/image/image.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { alice, dockerRegistry } from "./support/docker-registry.ts";
import { httpRegistry } from "./support/http-registry.ts";
import { importLayers } from "./support/layers.ts";
import { canMount, contentsOf } from "./support/mounted.ts";
import { type TestStore, testStore } from "./support/store.ts";

const run = promisify(execFile);
const hasRegistry = existsSync("/usr/bin/docker-registry") && existsSync("/usr/bin/skopeo");
const slow = { timeout: 120_000 };

const long = "n".repeat(120);
/** Everything that a root file system can hold. */
const all: TarMember[] = [
  { path: "etc/", mode: 0o750, uid: 7, gid: 8, mtime: 86_400 },
  {
    path: "etc/name",
    content: "value\n",
    mode: 0o4755,
    pax: { uid: "3000000" },
    gid: 1000,
    mtime: 1_000_000,
  },
  { path: "etc/again", type: "1", linkTarget: "etc/name" },
  { path: "etc/link", type: "2", linkTarget: `../${long}` },
  { path: `${long}/`, pax: { mtime: "12.5" } },
  { path: `${long}/${long}`, content: Buffer.alloc(70_000, "x") },
  { path: "dev/", mode: 0o755 },
  { path: "dev/null", type: "3", devMajor: 1, devMinor: 3, mode: 0o666 },
  { path: "dev/big", type: "4", devMajor: 259, devMinor: 300_000, mode: 0o660 },
  { path: "pipe", type: "6", mode: 0o600 },
  { path: "empty", content: "" },
  {
    path: "caps",
    content: "c",
    pax: {
      "SCHILY.xattr.security.capability": Buffer.from(
        "0100000200200000000000000000000000000000",
        "hex",
      ),
    },
  },
  { path: "attr", content: "a", pax: { "SCHILY.xattr.user.note": "\u0000\u00ff bytes" } },
];
const config = {
  Env: ["PATH=/bin", "A=b c"],
  Entrypoint: ["/init"],
  Cmd: ["serve"],
  WorkingDir: "/etc",
  User: "7:8",
  ExposedPorts: { "80/tcp": {} },
  Volumes: { "/data": {} },
  Labels: { team: "a" },
  StopSignal: "SIGUSR1",
  Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 5_000_000_000, Retries: 2 },
};

async function saved(
  store: TestStore,
  names: readonly string[],
  options: SaveOptions = {},
): Promise<string> {
  const parts: Buffer[] = [];
  const write = (data: Uint8Array): void => void parts.push(Buffer.from(data));
  await store.images.save(names, write, options);
  const path = join(store.folder, `${options.format ?? "docker-archive"}.tar`);
  await writeFile(path, Buffer.concat(parts));
  return path;
}

/** What podman and docker show of an image: its configuration and the digest of its unpacked layer. */
async function inspected(
  archive: string,
  kind: string,
): Promise<{ config: unknown; rootfs: unknown }> {
  const { stdout } = await run("skopeo", ["inspect", "--config", `${kind}:${archive}`]);
  return JSON.parse(stdout);
}

describe("saved images", () => {
  it.each(["docker-archive", "oci-archive"] as const)(
    "come back with all that they had (%s)",
    slow,
    async (format) => {
      const { image, store } = await importLayers([all, [{ path: "etc/.wh.link" }]], { config });
      const archive = await saved(store, ["test:1"], { format });
      const other = await testStore();
      const [loaded, ...more] = await other.images.load(archive);
      expect(more).toEqual([]);
      expect(loaded?.names).toEqual(["test:1"]);
      expect(loaded?.config).toEqual(image.config);
      expect(loaded?.config.healthcheck).toEqual({
        test: ["CMD-SHELL", "true"],
        intervalMs: 5000,
        retries: 2,
      });
      expect(loaded?.createdAt).toBe(image.createdAt);
      // Once more it is the same, byte by byte.
      const again = await saved(other, ["test:1"], { format });
      expect((await readFile(again)).equals(await readFile(archive))).toBe(true);
      if (!canMount || loaded === undefined) return;
      const [before, after] = [await contentsOf(image.path), await contentsOf(loaded.path)];
      expect(after).toEqual(before);
      expect(after.get("etc/name")).toMatchObject({ mode: 0o4755, uid: 3_000_000 });
      expect(after.get("dev/big")).toMatchObject({ devMajor: 259, devMinor: 300_000 });
      expect(after.get(long)?.mtime).toEqual({ seconds: 12, nanoseconds: 500_000_000 });
      expect(after.get("caps")?.xattrs.size).toBe(1);
      expect(after.has("etc/link")).toBe(false);
    },
  );

  it.skipIf(!hasRegistry)(
    "are read by skopeo, with right digests (needs skopeo)",
    slow,
    async () => {
      const { store } = await importLayers([all], { config });
      const docker = await inspected(await saved(store, ["test:1"]), "docker-archive");
      const oci = await inspected(
        await saved(store, ["test:1"], { format: "oci-archive" }),
        "oci-archive",
      );
      expect(oci.rootfs).toEqual(docker.rootfs);
      // skopeo shows no health check.
      const { Healthcheck: _health, ...shown } = config;
      for (const { config: said } of [docker, oci]) expect(said).toEqual(shown);
      const target = join(store.folder, "copy");
      // It checks every digest on the way.
      await run("skopeo", [
        "copy",
        "-q",
        `docker-archive:${join(store.folder, "docker-archive.tar")}`,
        `oci:${target}:x`,
      ]);
    },
  );

  it(
    "go together into one archive, each once, and all are loaded from a stream",
    slow,
    async () => {
      const { store } = await importLayers([[{ path: "a", content: "1" }]], { name: "one:1" });
      await store.images.tag("one:1", "127.0.0.1:5000/also:2");
      const tar = join(store.folder, "root.tar");
      await writeFile(tar, makeTar([{ path: "b", content: "2" }]));
      await store.images.import(tar, { name: "two:1" });
      const archive = await saved(store, ["one:1", "two:1", "127.0.0.1:5000/also:2"]);
      const other = await testStore();
      async function* pieces() {
        const bytes = await readFile(archive);
        for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
      }
      const loaded = await other.images.load(pieces());
      expect(loaded.map(({ names }) => [...names].sort())).toEqual([
        ["127.0.0.1:5000/also:2", "one:1"],
        ["two:1"],
      ]);
      await refusal(
        saved(store, ["one:1", "two:1"], { format: "oci-archive" }),
        "INVALID_ARGUMENT",
      );
      await refusal(saved(store, ["none:1"]), "IMAGE_NOT_FOUND");
      await refusal(saved(store, []), "INVALID_ARGUMENT");
      await refusal(other.images.load(tar), "IMAGE_INVALID");
    },
  );
});

describe("the history of an image", () => {
  it("has the builder's steps with the sizes of their layers, also after it was saved", async () => {
    const history = [
      { created: "2020-01-01T00:00:00Z", created_by: "ADD root" },
      { created_by: "ENV A=b", empty_layer: true },
      { created_by: "COPY f", comment: "c", author: "me" },
    ];
    const layers = [[{ path: "a", content: "12345" }], [{ path: "f", content: "1" }]];
    const { store } = await importLayers(layers, { history });
    const steps = await store.images.history("test:1");
    expect(steps).toEqual([
      { createdBy: "COPY f", comment: "c", author: "me", sizeBytes: 1 },
      { createdBy: "ENV A=b" },
      { createdBy: "ADD root", createdAt: "2020-01-01T00:00:00.000Z", sizeBytes: 5 },
    ]);
    const other = await testStore();
    await other.images.load(await saved(store, ["test:1"]));
    expect(
      (await other.images.history("test:1")).map((step) => [step.createdBy, step.sizeBytes]),
    ).toEqual([
      ["COPY f", 6],
      ["ENV A=b", undefined],
      ["ADD root", undefined],
    ]);
  });

  it("says of a root file system what its importer said", async () => {
    const store = await testStore();
    const tar = makeTar([{ path: "a", content: "1" }]);
    const plain = await store.images.import(stream(tar), { name: "a:1" });
    const made = await store.images.import(stream(tar), {
      name: "b:1",
      config: { cmd: ["sh"], labels: { x: "y" } },
      history: [{ comment: "by hand" }],
    });
    expect(made.digest).not.toBe(plain.digest);
    expect(made.config).toMatchObject({ cmd: ["sh"], labels: { x: "y" }, workingDir: "/" });
    expect(await store.images.history("b:1")).toEqual([{ comment: "by hand", sizeBytes: 1 }]);
    const archive = await saved(store, ["b:1"]);
    await refusal(store.images.import(archive, { config: { cmd: [] } }), "INVALID_ARGUMENT");
  });
});

async function* stream(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

describe("a further name", () => {
  it("is taken from the image that had it", async () => {
    const { store, image } = await importLayers([[{ path: "a", content: "1" }]]);
    await store.images.import(stream(makeTar([{ path: "b", content: "2" }])), { name: "other:1" });
    expect((await store.images.tag(image.digest, "other:1")).digest).toBe(image.digest);
    expect((await store.images.get("other:1")).names).toEqual(["other:1", "test:1"]);
    await refusal(store.images.tag("none:1", "x:1"), "IMAGE_NOT_FOUND");
    await refusal(store.images.tag("test:1", `x@${image.digest}`), "INVALID_ARGUMENT");
    await refusal(store.images.tag("test:1", "../x"), "INVALID_ARGUMENT");
  });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

async function withDocker(): Promise<{
  store: TestStore;
  dockerConfigDir: string;
  configFile: string;
}> {
  const dockerConfigDir = join(await testFolder(), "docker");
  const store = await testStore({ registries: { dockerConfigDir, retryDelayMs: 1 } });
  return { store, dockerConfigDir, configFile: join(dockerConfigDir, "config.json") };
}

describe.skipIf(!hasRegistry)(
  "a registry that wants a password (needs docker-registry and skopeo)",
  () => {
    it("is signed in at, gets an image, and nothing that it has already", slow, async () => {
      const host = await dockerRegistry(alice);
      const { store, configFile, dockerConfigDir } = await withDocker();
      await store.images.import(stream(makeTar(all)), {
        name: `${host}/team/app:1`,
        config: { cmd: ["x"] },
      });
      const shut = await refusal(store.images.push(`${host}/team/app:1`), "REGISTRY_FAILED");
      expect(shut.hint).toContain(`virtc login ${host}`);

      const wrong = { username: "alice", password: "s3" };
      await refusal(store.images.login(host, wrong), "REGISTRY_FAILED");
      expect(existsSync(configFile)).toBe(false);
      const right = { username: "alice", password: "s3:cret" };
      expect(await store.images.login(`http://${host}/v2/`, right)).toEqual({ file: configFile });
      expect((await stat(configFile)).mode & 0o777).toBe(0o600);
      expect((await stat(dockerConfigDir)).mode & 0o777).toBe(0o700);

      const steps: ImageProgress[] = [];
      const onProgress = (step: ImageProgress): void => void steps.push(step);
      const pushed = await store.images.push(`${host}/team/app:1`, { onProgress });
      expect(pushed.name).toBe(`${host}/team/app:1`);
      const sent = steps.filter(({ phase }) => phase === "upload");
      expect(sent.at(-1)?.completedBytes).toBe(sent.at(-1)?.totalBytes);
      expect(sent.at(-1)?.totalBytes).toBeGreaterThan(100);
      steps.length = 0;
      await store.images.tag(`${host}/team/app:1`, `${host}/team/app:2`);
      const second = await store.images.push(`${host}/team/app:2`, { onProgress });
      expect(second.digest).toBe(pushed.digest);
      expect(steps.map(({ phase }) => phase)).toEqual(["resolve", "pack", "done"]);

      const { stdout } = await run("skopeo", [
        ...["inspect", "--tls-verify=false", "--creds", "alice:s3:cret"],
        ...["--format", "{{.Digest}}", `docker://${host}/team/app:2`],
      ]);
      expect(stdout.trim()).toBe(pushed.digest);
      const other = await testStore({ registries: { dockerConfigDir } });
      const pulled = await other.images.pull(`${host}/team/app:1`);
      expect(pulled.digest).toBe(pushed.digest);
      expect(pulled.config.cmd).toEqual(["x"]);
      if (canMount) {
        const made = await store.images.get(`${host}/team/app:1`);
        expect(await contentsOf(pulled.path)).toEqual(await contentsOf(made.path));
      }

      expect(await store.images.logout(host)).toBe(true);
      expect(await store.images.logout(host)).toBe(false);
      await refusal(store.images.push(`${host}/team/app:1`), "REGISTRY_FAILED");
    });

    it("finds all else in Docker's config.json as it was", slow, async () => {
      const host = await dockerRegistry(alice);
      const { store, dockerConfigDir, configFile } = await withDocker();
      await mkdir(dockerConfigDir, { mode: 0o700 });
      const before = { auths: { "other.example": { auth: "YTpi", note: 1 } }, psFormat: "x" };
      await writeFile(configFile, JSON.stringify(before), { mode: 0o644 });
      await store.images.login(host, { username: "alice", password: "s3:cret" });
      const after = JSON.parse(await readFile(configFile, "utf8"));
      const auth = Buffer.from("alice:s3:cret").toString("base64");
      expect(after).toEqual({ ...before, auths: { ...before.auths, [host]: { auth } } });
      expect((await stat(configFile)).mode & 0o777).toBe(0o600);
      await store.images.logout(host);
      expect(JSON.parse(await readFile(configFile, "utf8"))).toEqual(before);
    });

    it(
      "gives the password to Docker's credential helper, which forgets it again",
      slow,
      async () => {
        const host = await dockerRegistry(alice);
        const { store, dockerConfigDir, configFile } = await withDocker();
        await mkdir(dockerConfigDir, { mode: 0o700 });
        await writeFile(configFile, JSON.stringify({ credHelpers: { [host]: "notes" } }));
        const bin = await testFolder();
        const notes = join(bin, "notes");
        const script = `#!/bin/sh
case "$1" in
  store) cat > ${notes} ;;
  get) [ -f ${notes} ] && exec cat ${notes}; echo credentials not found; exit 1 ;;
  erase) rm ${notes} ;;
esac
`;
        await writeFile(join(bin, "docker-credential-notes"), script);
        await chmod(join(bin, "docker-credential-notes"), 0o755);
        const login = { username: "alice", password: "s3:cret" };
        const missing = await refusal(store.images.login(host, login), "REGISTRY_FAILED");
        expect(missing.message).toContain("docker-credential-notes");
        vi.stubEnv("PATH", `${bin}${delimiter}${process.env.PATH}`);
        expect(await store.images.login(host, login)).toEqual({ helper: "notes" });
        expect(JSON.parse(await readFile(notes, "utf8"))).toEqual({
          ServerURL: host,
          Username: "alice",
          Secret: "s3:cret",
        });
        expect(await readFile(configFile, "utf8")).not.toContain("auth");
        expect(await store.images.logout(host)).toBe(true);
        expect(existsSync(notes)).toBe(false);
        expect(await store.images.logout(host)).toBe(false);
      },
    );
  },
);

describe("a push", () => {
  it("asks for the right to write, and sends no password to where uploads go", async () => {
    const { store, dockerConfigDir, configFile } = await withDocker();
    const [registry, elsewhere] = [await httpRegistry(), await httpRegistry()];
    await mkdir(dockerConfigDir, { mode: 0o700 });
    const auth = Buffer.from("user:pass").toString("base64");
    await writeFile(configFile, JSON.stringify({ auths: { [registry.host]: { auth } } }));
    registry.handler = (request, response) => {
      const url = request.url ?? "";
      if (url.startsWith("/token")) {
        const scope = new URL(url, registry.url).searchParams.get("scope");
        response.writeHead(200).end(JSON.stringify({ token: `for-${scope?.split(":").at(-1)}` }));
        return;
      }
      const actions = request.method === "HEAD" ? "pull" : "pull,push";
      const allowed = ["for-pull,push", `for-${actions}`].map((token) => `Bearer ${token}`);
      if (!allowed.includes(request.headers.authorization ?? "")) {
        const challenge = `Bearer realm="${registry.url}/token",scope="repository:app:${actions}"`;
        response.writeHead(401, { "www-authenticate": challenge }).end();
      } else if (request.method === "HEAD") response.writeHead(404).end();
      else if (request.method === "POST")
        response.writeHead(202, { location: `${elsewhere.url}/put?state=a` }).end();
      else response.writeHead(201).end();
    };
    elsewhere.handler = (_request, response) => void response.writeHead(201).end();
    await store.images.import(stream(makeTar([{ path: "a" }])), { name: `${registry.host}/app:1` });
    await store.images.push(`${registry.host}/app:1`);
    expect(elsewhere.requests.map(({ line }) => line.replace(/sha256%3A\w+/, "D"))).toEqual([
      "PUT /put?state=a&digest=D",
      "PUT /put?state=a&digest=D",
    ]);
    for (const { headers } of elsewhere.requests) expect(headers.authorization).toBeUndefined();
    const last = registry.requests.at(-1);
    expect(last?.line).toBe("PUT /v2/app/manifests/1");
    expect(last?.headers["content-type"]).toBe("application/vnd.oci.image.manifest.v1+json");
  });

  it("tries again what was interrupted, and tells what is refused", async () => {
    const { store } = await withDocker();
    const registry = await httpRegistry();
    let failures = 2;
    registry.handler = (request, response) => {
      if (request.method === "HEAD") response.writeHead(404).end();
      else if (request.method === "POST")
        response.writeHead(202, { location: "/v2/app/blobs/uploads/1" }).end();
      else if (request.url?.includes("/manifests/"))
        response.writeHead(400).end('{"errors":[{"message":"no such layer"}]}');
      else if (failures-- > 0) response.writeHead(503).end();
      else response.writeHead(201).end();
    };
    await store.images.import(stream(makeTar([{ path: "a" }])), { name: `${registry.host}/app:1` });
    const error = await refusal(store.images.push(`${registry.host}/app:1`), "REGISTRY_FAILED");
    expect(error.message).toContain("no such layer");
    const puts = registry.requests.filter(({ line }) => line.startsWith("PUT /v2/app/blobs/"));
    expect(puts).toHaveLength(4);
    await refusal(store.images.push(`${registry.host}/none:1`), "IMAGE_NOT_FOUND");
    await refusal(
      store.images.push(`${registry.host}/app@${registry.made.digest}`),
      "INVALID_ARGUMENT",
    );
  });
});
