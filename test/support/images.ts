import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { makeTar, type TarMember } from "./tar.ts";

const run = promisify(execFile);

export interface MadeDescriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { os: string; architecture: string; variant?: string };
  annotations?: Record<string, string>;
}

export interface MadeImage {
  /** Digest of the manifest. */
  digest: string;
  layers: readonly MadeDescriptor[];
  config: MadeDescriptor;
}

export interface ImageRecipe {
  /** The name in the layout's index, such as `app:1`. */
  name?: string;
  /** Members of each layer, lowest first; or a ready tar, packed or not. */
  layers: readonly (readonly TarMember[] | Buffer)[];
  /** The `config` part of the configuration: Env, Cmd, Entrypoint, WorkingDir, User... */
  config?: Readonly<Record<string, unknown>>;
  /** The `history` of the configuration. */
  history?: readonly Readonly<Record<string, unknown>>[];
  platform?: { os: string; architecture: string; variant?: string };
  /** How tars are packed; default gzip. */
  packing?: "gzip" | "none";
}

const oci = "application/vnd.oci.image";

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Writes an image into the OCI layout at `folder`, which is made where it is missing; several go in one. */
export async function addImage(folder: string, recipe: ImageRecipe): Promise<MadeImage> {
  await mkdir(join(folder, "blobs", "sha256"), { recursive: true });
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const platform = recipe.platform ?? { os: "linux", architecture: hostArchitecture() };
  const layers: MadeDescriptor[] = [];
  const diffIds: string[] = [];
  for (const layer of recipe.layers) {
    const tar = Buffer.isBuffer(layer) ? layer : makeTar(layer);
    const gzip = recipe.packing !== "none";
    diffIds.push(sha256(tar));
    const type = `${oci}.layer.v1.tar${gzip ? "+gzip" : ""}`;
    layers.push(await addBlob(folder, type, gzip ? gzipSync(tar) : tar));
  }
  const configuration = {
    ...platform,
    created: "2024-01-02T03:04:05Z",
    config: recipe.config ?? {},
    rootfs: { type: "layers", diff_ids: diffIds },
    ...(recipe.history && { history: recipe.history }),
  };
  const config = await addBlob(folder, `${oci}.config.v1+json`, JSON.stringify(configuration));
  const manifest = { schemaVersion: 2, mediaType: `${oci}.manifest.v1+json`, config, layers };
  const descriptor = await addBlob(folder, manifest.mediaType, JSON.stringify(manifest));
  const annotations = recipe.name && { "org.opencontainers.image.ref.name": recipe.name };
  await addToIndex(folder, { ...descriptor, platform, ...(annotations && { annotations }) });
  return { digest: descriptor.digest, layers, config };
}

/** Adds a blob to a layout. */
export async function addBlob(
  folder: string,
  mediaType: string,
  content: Uint8Array | string,
): Promise<MadeDescriptor> {
  const bytes = Buffer.from(content);
  const digest = sha256(bytes);
  await writeFile(blobPath(folder, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Where a layout keeps a blob. */
export function blobPath(folder: string, digest: string): string {
  return join(folder, "blobs", "sha256", digest.slice("sha256:".length));
}

async function addToIndex(folder: string, descriptor: MadeDescriptor): Promise<void> {
  const path = join(folder, "index.json");
  const index: { manifests: MadeDescriptor[] } = await readFile(path, "utf8").then(
    (text) => JSON.parse(text),
    () => ({ schemaVersion: 2, mediaType: `${oci}.index.v1+json`, manifests: [] }),
  );
  index.manifests.push(descriptor);
  await writeFile(path, JSON.stringify(index));
}

/** Packs a layout folder into one tar. */
export async function packLayout(folder: string, target: string): Promise<string> {
  await run("tar", ["-cf", target, "-C", folder, "."]);
  return target;
}

/** The members of a small root file system: Debian's static busybox with links for its commands. */
export async function busyboxLayer(): Promise<TarMember[]> {
  const path = "/bin/busybox";
  const { stdout } = await run(path, ["--list"]);
  const links = stdout
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox")
    .map((name) => ({ path: `bin/${name}`, type: "1", linkTarget: "bin/busybox", mode: 0o755 }));
  return [
    { path: "bin/" },
    { path: "bin/busybox", content: await readFile(path), mode: 0o755 },
    ...links,
    ...["dev/", "etc/", "proc/", "root/", "run/", "sys/", "var/"].map((folder) => ({
      path: folder,
    })),
    { path: "tmp/", mode: 0o1777 },
    {
      path: "etc/passwd",
      content: "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n",
    },
    { path: "etc/group", content: "root:x:0:\nuser:x:1000:\n" },
  ];
}

/** What OCI calls the architecture of this machine. */
export function hostArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };
  return names[process.arch] ?? process.arch;
}

/** A layout with one image of busybox and a layer above it. */
export async function makeBusyboxImage(
  folder: string,
  recipe: Partial<ImageRecipe> & { extra?: readonly TarMember[] } = {},
): Promise<MadeImage> {
  const { extra = [], ...rest } = recipe;
  return addImage(folder, {
    config: { Env: ["PATH=/bin"], Cmd: ["sh"] },
    ...rest,
    layers: [await busyboxLayer(), ...(extra.length > 0 ? [extra] : []), ...(rest.layers ?? [])],
  });
}
