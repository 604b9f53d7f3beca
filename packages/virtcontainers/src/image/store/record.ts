import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { ImageRunConfigSchema } from "../../config/image.ts";
import { VirtError } from "../../errors.ts";
import { isDigest } from "../digest.ts";
import type { Image } from "../image.ts";
import { imageFolder, type StoreContext } from "./context.ts";
import { unlessMissing } from "./files.ts";

const texts = v.array(v.string());

const record = v.object({
  schemaVersion: v.literal(1),
  digest: v.pipe(v.string(), v.check(isDigest)),
  platform: v.object({
    os: v.string(),
    architecture: v.string(),
    variant: v.exactOptional(v.string()),
  }),
  createdAt: v.string(),
  importedAt: v.string(),
  sizeBytes: v.number(),
  /** Of the erofs file. */
  sha256: v.string(),
  config: v.object({
    ...ImageRunConfigSchema.entries,
    exposedPorts: texts,
    volumes: texts,
    labels: v.record(v.string(), v.string()),
    stopSignal: v.optional(v.string()),
  }),
});

/** What `image.json` says. */
export type ImageRecord = v.InferOutput<typeof record>;

export const recordFile = "image.json";
export const rootFile = "root.erofs";
export const usersFolder = "users";

export async function writeRecord(folder: string, content: ImageRecord): Promise<void> {
  const text = `${JSON.stringify(content, null, 2)}\n`;
  await writeFile(join(folder, recordFile), text, { mode: 0o600, flag: "wx", flush: true });
}

/** An image of the store, without its names; undefined if it is missing or half removed. STATE_INVALID. */
export async function readImage(
  context: StoreContext,
  hex: string,
): Promise<Omit<Image, "names"> | undefined> {
  const folder = imageFolder(context.paths, hex);
  const path = join(folder, recordFile);
  if (!(await unlessMissing(stat(join(folder, usersFolder))))) return undefined;
  const content = await unlessMissing(readFile(path, "utf8"));
  if (content === undefined) return undefined;
  let parsed: ImageRecord;
  try {
    parsed = v.parse(record, JSON.parse(content));
  } catch (cause) {
    throw new VirtError("STATE_INVALID", `the image's record at ${path} can't be read`, {
      cause,
      hint: "`virtc image prune` removes damaged images; then pull or import it again.",
    });
  }
  const { schemaVersion: _version, sha256: _sha256, config, ...rest } = parsed;
  const { stopSignal } = config;
  return { ...rest, config: { ...config, stopSignal }, path: join(folder, rootFile) };
}
