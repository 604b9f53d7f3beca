import { readdir } from "node:fs/promises";
import { isVirtError, VirtError } from "../../errors.ts";
import type { Image } from "../image.ts";
import { parseReference, type Reference } from "../reference.ts";
import type { StoreContext } from "./context.ts";
import { unlessMissing } from "./files.ts";
import { readNames } from "./names.ts";
import { readImage } from "./record.ts";

/** All complete images, newest import first; a damaged one is passed over with a warning. */
export async function listImages(context: StoreContext): Promise<Image[]> {
  const names = await readNames(context);
  const hexes = (await unlessMissing(readdir(context.paths.images))) ?? [];
  const images: Image[] = [];
  for (const hex of hexes.filter((name) => /^[0-9a-f]{64}$/.test(name))) {
    try {
      const image = await readImage(context, hex);
      if (image) images.push({ ...image, names: namesOf(names, image.digest) });
    } catch (error) {
      if (!isVirtError(error, "STATE_INVALID")) throw error;
      context.logger.warn({ error, digest: `sha256:${hex}` }, error.message);
    }
  }
  return images.sort((a, b) => (a.importedAt < b.importedAt ? 1 : -1));
}

/** What a reference names in the store: the image, and the name by which it was found, if any. */
export interface Found {
  image: Image;
  name: string | undefined;
}

const bareDigest = /^(?:sha256:)?([0-9a-f]{12,64})$/;

/** Finds an image by name, digest or digest prefix. IMAGE_NOT_FOUND, INVALID_ARGUMENT. */
export async function findImage(context: StoreContext, text: string): Promise<Found> {
  const prefix = bareDigest.exec(text)?.[1];
  const reference = prefix && text.startsWith("sha256:") ? undefined : parseReference(text);
  const names = await readNames(context);
  for (const name of reference ? candidates(reference) : []) {
    const digest = names.get(name);
    const image = digest && (await readImage(context, digest.slice("sha256:".length)));
    if (image) return { image: { ...image, names: namesOf(names, image.digest) }, name };
  }
  const wanted = reference?.digest?.slice("sha256:".length) ?? prefix;
  const matches =
    wanted === undefined
      ? []
      : (await listImages(context)).filter((image) => image.digest.slice(7).startsWith(wanted));
  const [image, other] = matches;
  if (image && other) {
    throw new VirtError("INVALID_ARGUMENT", `${text} is the beginning of several images' digests`, {
      field: "image",
      hint: "Give more of its digits.",
    });
  }
  if (image) return { image, name: undefined };
  throw notFound(text);
}

export function notFound(reference: string): VirtError {
  return new VirtError("IMAGE_NOT_FOUND", `there is no image ${reference} in the store`, {
    hint: "`virtc images` lists what is there; `virtc pull`, `virtc load` and `virtc import` add images.",
  });
}

/** The names by which a reference may be stored, in the order in which they are looked up. */
export function candidates(reference: Reference): string[] {
  return reference.explicitHost ? [reference.name] : [reference.localName, reference.name];
}

function namesOf(names: ReadonlyMap<string, string>, digest: string): string[] {
  return [...names].filter(([, value]) => value === digest).map(([name]) => name);
}
