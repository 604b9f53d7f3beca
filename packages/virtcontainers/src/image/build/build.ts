import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isVirtError } from "../../errors.ts";
import { Turns } from "../../turns.ts";
import { digestOf } from "../digest.ts";
import { emptyConfig } from "../empty-config.ts";
import { planImage } from "../erofs/plan.ts";
import { writeImage } from "../erofs/write.ts";
import type { ImageConfig, ImageHistory } from "../image.ts";
import { Budget } from "../limits.ts";
import type { BuildOptions, ImageSource } from "../source.ts";
import { SpoolFile } from "../spool.ts";
import type { StoreContext } from "../store/context.ts";
import { rootFile, usersFolder, writeRecord } from "../store/record.ts";
import type { Staging } from "../store/staging.ts";
import { applyEntry, type SpooledEntry } from "../tree/apply.ts";
import { type DirectoryNode, impliedDirectory } from "../tree/node.ts";
import { components, findDirectory } from "../tree/path.ts";
import { unpackAll } from "./unpack.ts";

/** Unpacks, merges and packs an image into a folder of the staging; gives its digest. */
export async function buildImage(
  context: StoreContext,
  staging: Staging,
  source: ImageSource,
  options: BuildOptions,
): Promise<{ digest: string; folder: string }> {
  const spools: SpoolFile[] = [];
  try {
    for (const [number] of source.layers.entries()) {
      spools.push(await SpoolFile.create(join(staging.path, `layer-${number}`)));
    }
    const budget = new Budget(context.limits);
    const layers = await unpackAll(context, source, spools, budget, options);
    const root = await merge(source, layers, budget, options);
    const folder = join(staging.path, "image");
    await mkdir(folder, { mode: 0o700 });
    await mkdir(join(folder, usersFolder), { mode: 0o700 });
    context.host.failpoint("image.pack.before");
    const { sha256, sizeBytes } = await pack(source, root, spools, join(folder, rootFile), options);
    context.host.failpoint("image.pack.after");
    const { platform, createdAt, config } = source;
    const history = historyOf(source, layers);
    const digest = source.digest ?? digestOfRoot(sha256, source);
    await writeRecord(folder, {
      schemaVersion: 1,
      digest,
      platform,
      createdAt,
      importedAt: new Date().toISOString(),
      sizeBytes,
      sha256,
      config: copyConfig(config),
      ...(history.length > 0 && { history }),
    });
    return { digest, folder };
  } finally {
    await Promise.all(spools.map((spool) => spool[Symbol.asyncDispose]()));
  }
}

/** Of an image without a manifest: that of its root, or of it and what was said beside it. */
function digestOfRoot(root: string, { platform, createdAt, config, history }: ImageSource): string {
  if (isDeepStrictEqual(config, emptyConfig) && history.length === 0) return `sha256:${root}`;
  return digestOf(JSON.stringify({ root, platform, createdAt, config, history }));
}

/** The steps of an image with the sizes of their layers; one step for each layer where the image tells none. */
function historyOf(source: ImageSource, layers: readonly SpooledEntry[][]): ImageHistory[] {
  const sizes = layers.map((entries) =>
    entries.reduce((sum, { data }) => sum + (data?.size ?? 0), 0),
  );
  if (source.history.filter((step) => !step.emptyLayer).length !== sizes.length) {
    return sizes.map((sizeBytes) => ({ createdAt: source.createdAt, sizeBytes }));
  }
  let layer = 0;
  return source.history.map(({ emptyLayer, ...step }) => {
    const sizeBytes = emptyLayer ? undefined : sizes[layer++];
    return { ...step, ...(sizeBytes !== undefined && { sizeBytes }) };
  });
}

async function merge(
  source: ImageSource,
  layers: readonly SpooledEntry[][],
  budget: Budget,
  { signal, onProgress }: BuildOptions,
): Promise<DirectoryNode> {
  const root = impliedDirectory();
  const turns = new Turns(signal);
  for (const [number, entries] of layers.entries()) {
    signal.throwIfAborted();
    const layer = source.layers[number]?.digest;
    onProgress({ phase: "unpack", ...(layer && { layer }) });
    for (const entry of entries) {
      applyEntry(root, entry, number, budget);
      if (turns.due) await turns.take();
    }
  }
  makeWorkingDir(root, source.config.workingDir, layers.length, budget);
  return root;
}

/**
 * The image's working directory, as engines make it when a container starts: also where it is a symlink to
 * what is not there. One that can't be is told by the start.
 */
function makeWorkingDir(root: DirectoryNode, path: string, layer: number, budget: Budget): void {
  try {
    const create = { layer, throughDangling: true };
    findDirectory(root, components(path, path), path, budget, create);
  } catch (error) {
    if (!isVirtError(error, "IMAGE_INVALID")) throw error;
  }
}

async function pack(
  source: ImageSource,
  root: DirectoryNode,
  spools: readonly SpoolFile[],
  path: string,
  { signal, onProgress }: BuildOptions,
): Promise<{ sha256: string; sizeBytes: number }> {
  const plan = await planImage(root, signal);
  const totalBytes = plan.totalBytes;
  const uuid = createHash("sha256")
    .update(source.digest ?? "")
    .digest()
    .subarray(0, 16);
  await using file = await SpoolFile.create(path, { hash: true });
  await writeImage(plan, spools, uuid, {
    get position() {
      return file.position;
    },
    zeroTo: (offset) => file.zeroTo(offset),
    async write(bytes) {
      signal.throwIfAborted();
      const before = file.position;
      await file.write(bytes);
      if (Math.floor(before / packStep) === Math.floor(file.position / packStep)) return;
      onProgress({ phase: "pack", completedBytes: file.position, totalBytes });
    },
  });
  await file.finish({ sync: true, mode: 0o400 });
  return { sha256: file.digest(), sizeBytes: totalBytes };
}

const packStep = 4 * 1024 * 1024;

function copyConfig(config: ImageConfig) {
  return {
    env: [...config.env],
    entrypoint: [...config.entrypoint],
    cmd: [...config.cmd],
    workingDir: config.workingDir,
    user: config.user,
    exposedPorts: [...config.exposedPorts],
    volumes: [...config.volumes],
    labels: { ...config.labels },
    stopSignal: config.stopSignal,
    ...(config.healthcheck && {
      healthcheck: { ...config.healthcheck, test: [...config.healthcheck.test] },
    }),
  };
}
