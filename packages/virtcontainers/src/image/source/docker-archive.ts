import * as v from "valibot";
import { invalidArgument, show } from "../../errors.ts";
import { digestOf } from "../digest.ts";
import { check, parseJson } from "../manifest.ts";
import { fit, type Platform, showPlatform, wrongPlatform } from "../platform.ts";
import { isNamed } from "./archived-name.ts";
import { type Archive, readDocument } from "./blobs.ts";
import { parseConfig } from "./config.ts";
import type { ArchivedImage } from "./oci-layout.ts";

const entry = v.object({
  Config: v.string(),
  RepoTags: v.nullish(v.array(v.string())),
  Layers: v.array(v.string()),
});
const list = v.pipe(v.array(entry), v.minLength(1));
type Entry = v.InferOutput<typeof entry>;

/** Reads all images of what `docker save` writes. */
export async function readDockerArchives(
  archive: Archive,
  wanted: Platform,
  signal: AbortSignal,
): Promise<ArchivedImage[]> {
  const images: ArchivedImage[] = [];
  for (const entry of await entriesOf(archive, signal)) {
    images.push(await readEntry(archive, entry, wanted, signal));
  }
  return images;
}

/**
 * Reads an image from what `docker save` writes (manifest.json at the top). Such an archive has no
 * manifest with a digest; the image's digest is that of a manifest made from the configuration's and the
 * unpacked layers' digests, so the same image always gets the same one.
 */
export async function readDockerArchive(
  archive: Archive,
  wanted: Platform,
  name: string | undefined,
  signal: AbortSignal,
): Promise<ArchivedImage> {
  return readEntry(archive, choose(await entriesOf(archive, signal), name), wanted, signal);
}

async function entriesOf(archive: Archive, signal: AbortSignal): Promise<Entry[]> {
  const what = "the archive's manifest.json";
  const bytes = await readDocument(archive, "manifest.json", signal);
  return check(list, parseJson(bytes, what), what);
}

async function readEntry(
  archive: Archive,
  chosen: Entry,
  wanted: Platform,
  signal: AbortSignal,
): Promise<ArchivedImage> {
  const bytes = await readDocument(archive, chosen.Config, signal);
  const document = parseConfig(bytes, chosen.Layers.length);
  if (fit(wanted, document.platform) === 0) {
    throw wrongPlatform("the image in the archive", wanted, [showPlatform(document.platform)]);
  }
  const manifest = { config: digestOf(bytes), layers: document.diffIds };
  const layers = chosen.Layers.map((file, number) => {
    const diffId = document.diffIds[number];
    return {
      ...(diffId && { diffId }),
      open: (end: AbortSignal) => archive.open(file, end),
    };
  });
  const { platform, createdAt, config, history } = document;
  const digest = digestOf(JSON.stringify(manifest));
  const source = { digest, platform, createdAt, config, history, layers };
  return { source, names: chosen.RepoTags ?? [] };
}

function choose(entries: readonly Entry[], name: string | undefined): Entry {
  const [first, ...others] = entries;
  const named = entries.find((each) =>
    each.RepoTags?.some((tag) => name !== undefined && isNamed(tag, name)),
  );
  if (named) return named;
  if (first && others.length === 0) return first;
  const tags = entries.flatMap((each) => each.RepoTags ?? []);
  throw invalidArgument(
    "name",
    name,
    `the archive holds several images; name one of ${show(tags)}`,
  );
}
