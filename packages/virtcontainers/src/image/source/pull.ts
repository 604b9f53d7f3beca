import { unlink } from "node:fs/promises";
import { invalidArgument } from "../../errors.ts";
import { buildImage } from "../build/build.ts";
import { invalidImage } from "../failure.ts";
import type { PullOptions } from "../image.ts";
import { choosePlatform, type Manifest, parseManifestOrIndex } from "../manifest.ts";
import { fit, type Platform, parsePlatform, showPlatform, wrongPlatform } from "../platform.ts";
import { parseReference } from "../reference.ts";
import { RegistryClient } from "../registry/client.ts";
import type { ResolvedRegistries } from "../registry/config.ts";
import type { ImageSource } from "../source.ts";
import { type StoreContext, takeLock } from "../store/context.ts";
import { unlessMissing } from "../store/files.ts";
import { fetchLock, nameIfPresent, publish } from "../store/publish.ts";
import { Staging } from "../store/staging.ts";
import { parseConfig } from "./config.ts";

const defaultConcurrency = 4;
/** Indexes may hold indexes, but not without end. */
const maxDepth = 4;

/**
 * Pulls an image from its registry; gives the name under which it stands in the store. Of several pulls
 * of one image at once, in whatever process, one works and the others wait for it.
 */
export async function pullImage(
  context: StoreContext,
  registries: ResolvedRegistries,
  text: string,
  options: PullOptions,
  signal: AbortSignal,
): Promise<string> {
  const reference = parseReference(text);
  const platform = parsePlatform(options.platform);
  const concurrency = options.concurrency ?? defaultConcurrency;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 16) {
    throw invalidArgument("concurrency", concurrency, "it must be a whole number from 1 to 16");
  }
  const onProgress = options.onProgress ?? (() => {});
  const { name } = reference;
  onProgress({ phase: "resolve" });
  const client = new RegistryClient(context, registries, reference);
  const start = reference.digest ?? reference.tag ?? "latest";
  const resolved = await resolve(client, start, name, platform, signal);
  const lockPath = fetchLock(context, resolved.digest);
  using _lock = await takeLock(context, lockPath, signal);
  try {
    if (!(await nameIfPresent(context, resolved.digest, [name], platform, signal))) {
      const source = await describe(client, resolved, name, platform, signal);
      await using staging = await Staging.create(context, signal);
      const build = { signal, onProgress, concurrency };
      const image = await buildImage(context, staging, source, build);
      await publish(context, image, [name], signal);
    }
  } finally {
    await unlessMissing(unlink(lockPath));
  }
  onProgress({ phase: "done" });
  return name;
}

interface Resolved {
  digest: string;
  manifest: Manifest;
}

/** Follows indexes down to the manifest for the platform. */
async function resolve(
  client: RegistryClient,
  start: string,
  name: string,
  platform: Platform,
  signal: AbortSignal,
): Promise<Resolved> {
  let next = await client.manifest(start, signal);
  for (let depth = 0; depth < maxDepth; depth++) {
    const parsed = parseManifestOrIndex(next.bytes, `the manifest of ${name}`);
    if ("manifest" in parsed) return { digest: next.digest, manifest: parsed.manifest };
    const chosen = choosePlatform(parsed.index.manifests, platform, name);
    next = await client.manifest(chosen.digest, signal, chosen);
  }
  throw invalidImage(`the indexes of ${name} are nested more than ${maxDepth} deep`);
}

async function describe(
  client: RegistryClient,
  { digest, manifest }: Resolved,
  name: string,
  platform: Platform,
  signal: AbortSignal,
): Promise<ImageSource> {
  const bytes = await client.document(manifest.config, `the configuration of ${name}`, signal);
  const document = parseConfig(bytes, manifest.layers.length);
  if (fit(platform, document.platform) === 0) {
    throw wrongPlatform(name, platform, [showPlatform(document.platform)]);
  }
  const layers = manifest.layers.map((layer, number) => {
    const diffId = document.diffIds[number];
    return {
      digest: layer.digest,
      size: layer.size,
      ...(diffId && { diffId }),
      open: (end: AbortSignal) => client.blob(layer, end),
    };
  });
  const { config, createdAt, history } = document;
  return { digest, platform: document.platform, createdAt, config, history, layers };
}
