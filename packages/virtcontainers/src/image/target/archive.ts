import { join } from "node:path";
import { invalidArgument } from "../../errors.ts";
import { digestHex } from "../digest.ts";
import type { Image, SaveOptions } from "../image.ts";
import { blobName } from "../source/blobs.ts";
import { rootFile, readRecord } from "../store/record.ts";
import { imageFolder, type StoreContext } from "../store/context.ts";
import { findImage, notFound } from "../store/list.ts";
import { encodeMember, tarEnd, tarPadding } from "../tar/encode.ts";
import { configDocument, type Document, documentOf, layerType, manifestDocument, manifestType } from "./documents.ts";
import { layerOf, measureLayer, type PackedLayer } from "./layer.ts";

/** One image as it goes into an archive, under the names that were asked for. */
interface Packed {
  path: string;
  names: string[];
  layer: PackedLayer;
  config: Document;
}

/** Images as one archive: a tar that `docker load` reads, or an OCI layout. */
export async function* archiveOf(
  context: StoreContext,
  references: readonly string[],
  format: SaveOptions["format"],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const images = await chosen(context, references);
  if (format === "oci-archive" && images.size > 1) {
    throw invalidArgument("references", references, "an OCI archive holds one image; save them one by one, or as a docker-archive");
  }
  const packed: Packed[] = [];
  for (const [digest, { image, names }] of images) {
    const record = await readRecord(context, digestHex(digest));
    if (record === undefined) throw notFound(names[0] ?? digest);
    const layer = await measureLayer(image.path, signal);
    const path = join(imageFolder(context.paths, digestHex(digest)), rootFile);
    packed.push({ path, names, layer, config: configDocument(record, layer.diffId) });
  }
  yield* format === "oci-archive" ? ociArchive(packed, signal) : dockerArchive(packed, signal);
  yield tarEnd;
}

/** Each image once, with the names by which it was asked for. */
async function chosen(
  context: StoreContext,
  references: readonly string[],
): Promise<Map<string, { image: Image; names: string[] }>> {
  if (references.length === 0) {
    throw invalidArgument("references", references, "it must name at least one image");
  }
  const images = new Map<string, { image: Image; names: string[] }>();
  for (const reference of references) {
    const { image, name } = await findImage(context, reference);
    const known = images.get(image.digest) ?? { image, names: [] };
    images.set(image.digest, known);
    if (name !== undefined && !known.names.includes(name)) known.names.push(name);
  }
  return images;
}

async function* dockerArchive(
  images: readonly Packed[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const manifest = images.map(({ names, layer, config }) => ({
    Config: `${digestHex(config.digest)}.json`,
    RepoTags: names.map(familiar),
    Layers: [`${digestHex(layer.diffId)}.tar`],
  }));
  const layers = new Set<string>();
  for (const { path, layer, config } of images) {
    if (!layers.has(layer.diffId)) {
      yield* file(`${digestHex(layer.diffId)}.tar`, layer.size, layerOf(path, signal));
    }
    layers.add(layer.diffId);
    yield* document(`${digestHex(config.digest)}.json`, config.bytes);
  }
  yield* document("manifest.json", Buffer.from(JSON.stringify(manifest)));
}

async function* ociArchive(
  images: readonly Packed[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield* document("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  const manifests: unknown[] = [];
  for (const { path, names, layer, config } of images) {
    const { diffId, size } = layer;
    const manifest = manifestDocument(config, { mediaType: layerType, digest: diffId, size });
    yield* file(blobName(diffId), size, layerOf(path, signal));
    for (const { digest, bytes } of [config, manifest]) yield* document(blobName(digest), bytes);
    const entry = {
      mediaType: manifestType,
      digest: manifest.digest,
      size: manifest.bytes.length,
    };
    const named = names.map((name) => ({
      ...entry,
      annotations: { "org.opencontainers.image.ref.name": name },
    }));
    manifests.push(...(named.length === 0 ? [entry] : named));
  }
  yield* document("index.json", documentOf({ schemaVersion: 2, manifests }).bytes);
}

/** A name as Docker shows it: without its own registry. */
function familiar(name: string): string {
  return name.replace(/^docker\.io\/(?:library\/)?/, "");
}

async function* document(name: string, bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield* file(name, bytes.length, [bytes]);
}

async function* file(
  name: string,
  size: number,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const owner = { mode: 0o644, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 } };
  yield encodeMember({ path: Buffer.from(name), type: "0", size, ...owner });
  yield* content;
  yield tarPadding(size);
}
