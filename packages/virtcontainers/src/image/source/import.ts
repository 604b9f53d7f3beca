import { invalidArgument, VirtError } from "../../errors.ts";
import { buildImage } from "../build/build.ts";
import type { ImportOptions } from "../image.ts";
import { parsePlatform } from "../platform.ts";
import { parseReference } from "../reference.ts";
import type { StoreContext } from "../store/context.ts";
import { nameIfPresent, publish } from "../store/publish.ts";
import { Staging } from "../store/staging.ts";
import { emptyConfig } from "./config.ts";
import { readDockerArchive } from "./docker-archive.ts";
import { openInput } from "./input.ts";
import { type ArchivedImage, readOciLayout } from "./oci-layout.ts";

/** Imports an archive or folder into the store; gives the first of the names under which it stands there. */
export async function importImage(
  context: StoreContext,
  path: string,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<string> {
  const wantedName = options.name === undefined ? undefined : importName(options.name, "name");
  const platform = parsePlatform(options.platform);
  const onProgress = options.onProgress ?? (() => {});
  onProgress({ phase: "resolve" });
  await using staging = await Staging.create(context, signal);
  await using input = await openInput(context, staging, path, signal);
  const { source, names } = await input.read(async (archive): Promise<ArchivedImage> => {
    if ((await archive.has("oci-layout")) && (await archive.has("index.json"))) {
      return readOciLayout(archive, platform, options.name, signal);
    }
    if (await archive.has("manifest.json")) {
      return readDockerArchive(archive, platform, options.name, signal);
    }
    const layer = { open: input.stream };
    const createdAt = new Date(0).toISOString();
    return {
      source: { platform, createdAt, config: emptyConfig, layers: [layer] },
      names: [],
    };
  });
  const [finalName, ...others] =
    wantedName === undefined ? archivedNames(names, path) : ([wantedName] as const);
  const all = [finalName, ...others];
  const { digest } = source;
  if (!digest || !(await nameIfPresent(context, digest, all, platform, signal))) {
    const build = { signal, onProgress, concurrency: 2 };
    const image = await buildImage(context, staging, source, build);
    await publish(context, image, all, signal);
  }
  onProgress({ phase: "done" });
  return finalName;
}

/** A name for an import: with a registry's host as for pulls, without one as it is. */
function importName(text: string, field: string): string {
  const reference = parseReference(text, field);
  if (reference.digest !== undefined) {
    throw invalidArgument(field, text, "an imported image gets a tag, not a digest");
  }
  return reference.explicitHost ? reference.name : reference.localName;
}

/** A bare tag in an archive, such as `latest`, names no image. */
function archivedNames(names: readonly string[], path: string): [string, ...string[]] {
  const [first, ...others] = names
    .filter((name) => /[:/]/.test(name))
    .map((name) => importName(name, "the name in the archive"));
  if (first !== undefined) return [first, ...others];
  throw new VirtError("INVALID_ARGUMENT", `name: ${path} does not say what its image is called`, {
    field: "name",
    hint: "Give the image a name, as in `virtc image import --name app:1 FILE`.",
  });
}
