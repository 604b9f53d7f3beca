import { invalidArgument, VirtError } from "../../errors.ts";
import { buildImage } from "../build/build.ts";
import { emptyConfig } from "../empty-config.ts";
import { invalidImage } from "../failure.ts";
import type { ImportOptions, LoadOptions } from "../image.ts";
import { type Platform, parsePlatform } from "../platform.ts";
import { storedName } from "../reference.ts";
import type { BuildOptions, ImageSource } from "../source.ts";
import type { StoreContext } from "../store/context.ts";
import { nameIfPresent, publish } from "../store/publish.ts";
import { Staging } from "../store/staging.ts";
import type { Archive } from "./blobs.ts";
import { readDockerArchive, readDockerArchives } from "./docker-archive.ts";
import { type Input, openInput } from "./input.ts";
import { type ArchivedImage, readOciLayout, readOciLayouts } from "./oci-layout.ts";

/** What is imported: a path of the host, or a stream of bytes. */
type From = string | AsyncIterable<Uint8Array>;

/** Imports an archive or folder into the store; gives the first of the names under which it stands there. */
export async function importImage(
  context: StoreContext,
  from: From,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<string> {
  const wantedName = options.name === undefined ? undefined : storedName(options.name, "name");
  const platform = parsePlatform(options.platform);
  const onProgress = options.onProgress ?? (() => {});
  onProgress({ phase: "resolve" });
  await using staging = await Staging.create(context, signal);
  await using input = await openInput(context, staging, from, signal);
  const { source, names } = await read(input, platform, options, signal);
  const [finalName, ...others] =
    wantedName === undefined ? archivedNames(names, from) : ([wantedName] as const);
  const all = [finalName, ...others];
  const build = { signal, onProgress, concurrency: 2 };
  await keep(context, staging, { source, names: all }, platform, build);
  onProgress({ phase: "done" });
  return finalName;
}

/** Loads all images of an archive into the store; gives their digests. */
export async function loadImages(
  context: StoreContext,
  from: From,
  options: LoadOptions,
  signal: AbortSignal,
): Promise<string[]> {
  const platform = parsePlatform(options.platform);
  const onProgress = options.onProgress ?? (() => {});
  onProgress({ phase: "resolve" });
  await using opened = await Staging.create(context, signal);
  await using input = await openInput(context, opened, from, signal);
  const { archive } = input;
  const kind = await kindOf(archive);
  if (kind === undefined) {
    throw invalidImage(
      "the archive holds no image",
      "`virtc import FILE NAME` makes an image of a root file system.",
    );
  }
  const images = await (kind === "oci" ? readOciLayouts : readDockerArchives)(
    archive,
    platform,
    signal,
  );
  const digests: string[] = [];
  for (const { source, names } of images) {
    await using staging = await Staging.create(context, signal);
    const named = { source, names: usable(names) };
    const build = { signal, onProgress, concurrency: 2 };
    digests.push(await keep(context, staging, named, platform, build));
  }
  onProgress({ phase: "done" });
  return digests;
}

async function kindOf(archive: Archive): Promise<"oci" | "docker" | undefined> {
  if ((await archive.has("oci-layout")) && (await archive.has("index.json"))) return "oci";
  return (await archive.has("manifest.json")) ? "docker" : undefined;
}

async function read(
  input: Input,
  platform: Platform,
  { name, config, history }: ImportOptions,
  signal: AbortSignal,
): Promise<ArchivedImage> {
  const kind = await kindOf(input.archive);
  if (kind === undefined) {
    const described = config !== undefined || history !== undefined;
    const createdAt = (described ? new Date() : new Date(0)).toISOString();
    const source: ImageSource = {
      ...{ platform, createdAt },
      config: config === undefined ? emptyConfig : { ...emptyConfig, ...config },
      history: (history ?? []).map((step) => ({
        ...step,
        emptyLayer: step !== history?.at(-1),
      })),
      layers: [{ open: input.stream }],
    };
    return { source, names: [] };
  }
  if (config !== undefined || history !== undefined) {
    throw invalidArgument(
      config === undefined ? "history" : "config",
      config ?? history,
      "it is only for a root file system; an image has its own",
    );
  }
  const readImage = kind === "oci" ? readOciLayout : readDockerArchive;
  return readImage(input.archive, platform, name, signal);
}

/** Builds an image unless it is there, and names it; gives its digest. */
async function keep(
  context: StoreContext,
  staging: Staging,
  { source, names }: ArchivedImage,
  platform: Platform,
  build: BuildOptions,
): Promise<string> {
  const { digest } = source;
  if (digest && (await nameIfPresent(context, digest, names, platform, build.signal))) {
    return digest;
  }
  const image = await buildImage(context, staging, source, build);
  await publish(context, image, names, build.signal);
  return image.digest;
}

/** A bare tag in an archive, such as `latest`, names no image. */
function usable(names: readonly string[]): string[] {
  return names
    .filter((name) => /[:/]/.test(name))
    .map((name) => storedName(name, "the name in the archive"));
}

function archivedNames(names: readonly string[], from: From): [string, ...string[]] {
  const [first, ...others] = usable(names);
  if (first !== undefined) return [first, ...others];
  const path = typeof from === "string" ? from : "the stream";
  throw new VirtError("INVALID_ARGUMENT", `name: ${path} does not say what its image is called`, {
    field: "name",
    hint: "Give the image a name, as in `virtc import FILE app:1`.",
  });
}
