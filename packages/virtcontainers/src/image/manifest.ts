import * as v from "valibot";
import { printable, VirtError } from "../errors.ts";
import { digestHex, isDigest } from "./digest.ts";
import { invalidImage } from "./failure.ts";
import { htmlTitle } from "./html.ts";
import { maxDocumentBytes, maxLayers } from "./limits.ts";
import { fit, type Platform, showPlatform, wrongPlatform } from "./platform.ts";

// The documents of the OCI image spec 1.1 and of Docker's schema 2, as far as they matter here.

const digest = v.pipe(v.string(), v.check(isDigest, "it must be a sha256 digest"));
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const textMap = v.nullish(v.record(v.string(), v.string()));

const platform = v.object({
  os: v.string(),
  architecture: v.string(),
  variant: v.nullish(v.string()),
});

export const descriptor = v.object({
  mediaType: v.optional(v.string(), ""),
  digest,
  size,
  platform: v.nullish(platform),
  annotations: textMap,
});
export type Descriptor = v.InferOutput<typeof descriptor>;

/** What is not chosen may be anything, such as of another kind of digest. */
const entry = v.object({ ...descriptor.entries, digest: v.string() });
const index = v.object({ manifests: v.pipe(v.array(entry), v.maxLength(10_000)) });
export type Index = v.InferOutput<typeof index>;

const manifest = v.object({
  config: descriptor,
  layers: v.pipe(v.array(descriptor), v.maxLength(maxLayers)),
});
export type Manifest = v.InferOutput<typeof manifest>;

const kind = v.object({
  schemaVersion: v.optional(v.number()),
  mediaType: v.optional(v.string()),
  manifests: v.optional(v.unknown()),
  config: v.optional(v.unknown()),
});

export const indexTypes: readonly string[] = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
export const manifestTypes: readonly string[] = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** Reads a document that is either an index or a manifest. IMAGE_INVALID, NOT_SUPPORTED. */
export function parseManifestOrIndex(
  bytes: Buffer,
  what: string,
): { index: Index } | { manifest: Manifest } {
  const json = parseJson(bytes, what);
  const seen = check(kind, json, what);
  if (seen.schemaVersion === 1) {
    throw new VirtError("NOT_SUPPORTED", `${what} is of Docker's old schema 1`, {
      hint: "Push the image again with a present tool; schema 2 and OCI images work.",
    });
  }
  if (seen.manifests !== undefined) return { index: check(index, json, what) };
  const parsed = check(manifest, json, what);
  if (!/^$|image\.config|container\.image|octet-stream/.test(parsed.config.mediaType)) {
    throw new VirtError(
      "NOT_SUPPORTED",
      `${what} is not a container image but ${printable(parsed.config.mediaType)}`,
    );
  }
  const encrypted = parsed.layers.find(({ mediaType }) => mediaType.endsWith("+encrypted"));
  if (encrypted) {
    throw new VirtError("NOT_SUPPORTED", `${what} has an encrypted layer, ${encrypted.digest}`);
  }
  return { manifest: parsed };
}

/** Parses JSON of bounded size. IMAGE_INVALID. */
export function parseJson(bytes: Buffer, what: string): unknown {
  if (bytes.length > maxDocumentBytes) {
    throw invalidImage(`${what} has ${bytes.length} bytes; ${maxDocumentBytes} is the limit`);
  }
  const text = bytes.toString("utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    const title = htmlTitle(text);
    if (title === undefined) throw invalidImage(`${what} is not valid JSON`, undefined, error);
    throw invalidImage(
      `${what} is not JSON but an HTML page${title && `, "${printable(title)}"`}`,
      "A proxy or a page for signing in to the network may stand between; look at the address in a browser.",
      error,
    );
  }
}

/** Checks a document of an image. IMAGE_INVALID naming the first wrong field. */
export function check<const S extends v.GenericSchema>(
  schema: S,
  input: unknown,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  throw invalidImage(`${what} is damaged: ${path ? `${printable(path)}: ` : ""}${issue.message}`);
}

/** The best manifest of an index for a platform. NOT_SUPPORTED listing what there is, IMAGE_INVALID. */
export function choosePlatform(
  candidates: readonly Descriptor[],
  wanted: Platform,
  what: string,
): Descriptor {
  const runnable = candidates.filter((entry) => entry.platform?.os !== "unknown");
  const scored = runnable.map((entry) => ({
    entry,
    score: entry.platform ? fit(wanted, normal(entry.platform)) : 0.5,
  }));
  const best = scored.reduce<(typeof scored)[number] | undefined>(
    (a, b) => (b.score > (a?.score ?? 0) ? b : a),
    undefined,
  );
  if (best) {
    digestHex(best.entry.digest);
    return best.entry;
  }
  const offered = runnable.flatMap((entry) =>
    entry.platform ? [showPlatform(normal(entry.platform))] : [],
  );
  throw wrongPlatform(what, wanted, offered);
}

function normal(entry: v.InferOutput<typeof platform>): Platform {
  const { os, architecture, variant } = entry;
  return { os, architecture, ...(variant && { variant }) };
}
