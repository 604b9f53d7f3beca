import { invalidArgument, show } from "../../errors.ts";
import { invalidImage } from "../failure.ts";
import {
  choosePlatform,
  type Descriptor,
  type Manifest,
  parseManifestOrIndex,
} from "../manifest.ts";
import { fit, type Platform, showPlatform, wrongPlatform } from "../platform.ts";
import type { ImageSource } from "../source.ts";
import { isNamed } from "./archived-name.ts";
import { type Archive, blobName, checkDocument, readDocument } from "./blobs.ts";
import { parseConfig } from "./config.ts";

/** An image found in an archive, with the names that the archive has for it. */
export interface ArchivedImage {
  source: ImageSource;
  names: readonly string[];
}

const nameAnnotations = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
/** Indexes may hold indexes, but not without end. */
const maxDepth = 4;

/** Reads the image that an OCI layout (OCI image spec, image-layout.md) holds for a platform. */
export async function readOciLayout(
  archive: Archive,
  wanted: Platform,
  name: string | undefined,
  signal: AbortSignal,
): Promise<ArchivedImage> {
  const entries = await entriesOf(archive, signal);
  return readEntry(archive, entries, choose(entries, wanted, name), wanted, signal);
}

/** Reads all images that an OCI layout holds for a platform. */
export async function readOciLayouts(
  archive: Archive,
  wanted: Platform,
  signal: AbortSignal,
): Promise<ArchivedImage[]> {
  const entries = await entriesOf(archive, signal);
  const chosen = new Map<string, Descriptor>();
  for (const name of new Set(entries.map(nameOf))) {
    const pool = entries.filter((entry) => nameOf(entry) === name);
    const entry = choosePlatform(pool, wanted, `the image ${name ?? "in the archive"}`);
    chosen.set(entry.digest, entry);
  }
  const images: ArchivedImage[] = [];
  for (const entry of chosen.values()) {
    images.push(await readEntry(archive, entries, entry, wanted, signal));
  }
  return images;
}

async function entriesOf(archive: Archive, signal: AbortSignal): Promise<readonly Descriptor[]> {
  const what = "the layout's index.json";
  const top = parseManifestOrIndex(await readDocument(archive, "index.json", signal), what);
  if (!("index" in top)) throw invalidImage(`${what} is not an image index`);
  return top.index.manifests;
}

async function readEntry(
  archive: Archive,
  entries: readonly Descriptor[],
  chosen: Descriptor,
  wanted: Platform,
  signal: AbortSignal,
): Promise<ArchivedImage> {
  const names = entries
    .filter((entry) => entry.digest === chosen.digest)
    .flatMap((entry) => nameOf(entry) ?? []);
  const { digest, manifest } = await follow(archive, chosen, wanted, signal);
  const source = await sourceOf(archive, digest, manifest, wanted, signal);
  return { source, names };
}

/** Of several images the one that is named, then the one for the platform. One may have several names. */
function choose(entries: readonly Descriptor[], wanted: Platform, name: string | undefined) {
  if (entries.length === 0) throw invalidImage("the layout's index.json lists no image");
  const named = name === undefined ? [] : entries.filter((entry) => matches(entry, name));
  const pool = named.length > 0 ? named : entries;
  const images = new Map<string | undefined, string[]>();
  for (const entry of pool) {
    images.set(nameOf(entry), [...(images.get(nameOf(entry)) ?? []), entry.digest]);
  }
  if (new Set([...images.values()].map((digests) => digests.sort().join())).size > 1) {
    const list = [...images.keys()].filter((each) => each !== undefined);
    throw invalidArgument(
      "name",
      name,
      `the archive holds several images; name one of ${show(list)}`,
    );
  }
  return choosePlatform(pool, wanted, "the image in the archive");
}

function matches(entry: Descriptor, name: string): boolean {
  return nameAnnotations.some((key) => {
    const value = entry.annotations?.[key];
    return value !== undefined && isNamed(value, name);
  });
}

function nameOf(entry: Descriptor): string | undefined {
  for (const key of nameAnnotations) {
    const value = entry.annotations?.[key];
    if (value) return value;
  }
  return undefined;
}

/** Follows indexes down to the manifest for the platform. */
async function follow(
  archive: Archive,
  start: Descriptor,
  wanted: Platform,
  signal: AbortSignal,
): Promise<{ digest: string; manifest: Manifest }> {
  let entry = start;
  for (let depth = 0; depth < maxDepth; depth++) {
    const what = `the manifest ${entry.digest}`;
    const bytes = await readDocument(archive, blobName(entry.digest), signal);
    const parsed = parseManifestOrIndex(checkDocument(bytes, entry, what), what);
    if ("manifest" in parsed) return { digest: entry.digest, manifest: parsed.manifest };
    entry = choosePlatform(parsed.index.manifests, wanted, "the image in the archive");
  }
  throw invalidImage(`the layout's indexes are nested more than ${maxDepth} deep`);
}

async function sourceOf(
  archive: Archive,
  digest: string,
  manifest: Manifest,
  wanted: Platform,
  signal: AbortSignal,
): Promise<ImageSource> {
  const bytes = await readDocument(archive, blobName(manifest.config.digest), signal);
  const what = "the image's configuration";
  const document = parseConfig(checkDocument(bytes, manifest.config, what), manifest.layers.length);
  if (fit(wanted, document.platform) === 0) {
    throw wrongPlatform("the image in the archive", wanted, [showPlatform(document.platform)]);
  }
  const layers = manifest.layers.map((layer, number) => {
    const diffId = document.diffIds[number];
    return {
      digest: layer.digest,
      size: layer.size,
      ...(diffId && { diffId }),
      open: (end: AbortSignal) => archive.open(blobName(layer.digest), end),
    };
  });
  const { platform, createdAt, config, history } = document;
  return { digest, platform, createdAt, config, history, layers };
}
