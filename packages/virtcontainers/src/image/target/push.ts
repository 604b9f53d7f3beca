import { createHash } from "node:crypto";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { createGzip } from "node:zlib";
import { invalidArgument } from "../../errors.ts";
import { digestHex } from "../digest.ts";
import type { ImageProgress, Pushed, PushOptions } from "../image.ts";
import { parseReference } from "../reference.ts";
import type { ResolvedRegistries } from "../registry/config.ts";
import type { Body } from "../registry/send.ts";
import { Upload } from "../registry/upload.ts";
import { SpoolFile } from "../spool.ts";
import type { StoreContext } from "../store/context.ts";
import { findImage, notFound } from "../store/list.ts";
import { readRecord } from "../store/record.ts";
import { Staging } from "../store/staging.ts";
import { configDocument, layerType, manifestDocument, manifestType } from "./documents.ts";
import { layerOf } from "./layer.ts";

/** A layer as it is sent, in a file of the staging. */
interface SentLayer {
  spool: SpoolFile;
  diffId: string;
  digest: string;
  size: number;
}

/** Gives an image to the registry that its name speaks of: a layer and a configuration, then the manifest. */
export async function pushImage(
  context: StoreContext,
  registries: ResolvedRegistries,
  text: string,
  options: PushOptions,
  signal: AbortSignal,
): Promise<Pushed> {
  const reference = parseReference(text);
  const { tag, name } = reference;
  if (tag === undefined || reference.digest !== undefined) {
    throw invalidArgument("image", text, "it must have a tag; a digest can't be chosen");
  }
  const onProgress = options.onProgress ?? (() => {});
  onProgress({ phase: "resolve" });
  const { image } = await findImage(context, text);
  const record = await readRecord(context, digestHex(image.digest));
  if (record === undefined) throw notFound(text);
  await using staging = await Staging.create(context, signal);
  onProgress({ phase: "pack" });
  await using layer = await packLayer(join(staging.path, "layer"), image.path, signal);
  const config = configDocument(record, layer.diffId);
  const upload = new Upload(context, registries, reference);
  await upload.blob(layer.digest, layerBody(layer, onProgress), signal);
  const configBody = { size: config.bytes.length, read: () => [config.bytes] };
  await upload.blob(config.digest, configBody, signal);
  const { digest, size } = layer;
  const manifest = manifestDocument(config, { mediaType: `${layerType}+gzip`, digest, size });
  await upload.manifest(tag, manifest.bytes, manifestType, signal);
  onProgress({ phase: "done" });
  return { name, digest: manifest.digest, sizeBytes: manifest.bytes.length };
}

/** Packs the root file system; a registry is asked for a blob by its digest, so it must be known before. */
async function packLayer(
  path: string,
  root: string,
  signal: AbortSignal,
): Promise<SentLayer & AsyncDisposable> {
  const spool = await SpoolFile.create(path, { hash: true });
  try {
    const plain = createHash("sha256");
    const gzip = createGzip();
    const packed = pipeline(hashed(layerOf(root, signal), plain), gzip, () => {});
    for await (const part of packed) await spool.write(part);
    await spool.finish();
    return {
      spool,
      diffId: `sha256:${plain.digest("hex")}`,
      digest: `sha256:${spool.digest()}`,
      size: spool.position,
      [Symbol.asyncDispose]: () => spool[Symbol.asyncDispose](),
    };
  } catch (error) {
    await spool[Symbol.asyncDispose]();
    throw error;
  }
}

async function* hashed(
  source: AsyncIterable<Buffer>,
  hash: { update(part: Uint8Array): void },
): AsyncGenerator<Buffer> {
  for await (const part of source) {
    hash.update(part);
    yield part;
  }
}

function layerBody(
  { spool, digest, size }: SentLayer,
  onProgress: (progress: ImageProgress) => void,
): Body {
  return {
    size,
    async *read() {
      let completedBytes = 0;
      for await (const part of spool.read(0, size)) {
        onProgress({ phase: "upload", layer: digest, completedBytes, totalBytes: size });
        yield Buffer.from(part);
        completedBytes += part.length;
      }
      onProgress({ phase: "upload", layer: digest, completedBytes, totalBytes: size });
    },
  };
}
