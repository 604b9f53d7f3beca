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
const count = v.exactOptional(v.pipe(v.number(), v.minValue(0)));
const text = v.exactOptional(v.string());

const healthcheck = v.object({
  test: texts,
  intervalMs: count,
  timeoutMs: count,
  startPeriodMs: count,
  retries: count,
});
const history = v.object({
  createdAt: text,
  createdBy: text,
  author: text,
  comment: text,
  sizeBytes: count,
});

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
    healthcheck: v.exactOptional(healthcheck),
  }),
  /** Images of earlier versions have none. */
  history: v.exactOptional(v.array(history)),
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
  const content = await readRecord(context, hex);
  if (content === undefined) return undefined;
  const {
    schemaVersion: _version,
    sha256: _sha256,
    history: _history,
    config: { stopSignal, ...config },
    ...rest
  } = content;
  const path = join(imageFolder(context.paths, hex), rootFile);
  return { ...rest, config: { ...config, stopSignal }, path };
}

/** All that is written down of an image. */
export async function readRecord(
  context: StoreContext,
  hex: string,
): Promise<ImageRecord | undefined> {
  const folder = imageFolder(context.paths, hex);
  const path = join(folder, recordFile);
  if (!(await unlessMissing(stat(join(folder, usersFolder))))) return undefined;
  const content = await unlessMissing(readFile(path, "utf8"));
  if (content === undefined) return undefined;
  try {
    return v.parse(record, JSON.parse(content));
  } catch (cause) {
    throw new VirtError("STATE_INVALID", `the image's record at ${path} can't be read`, {
      cause,
      hint: "`virtc image prune` removes damaged images; then pull or import it again.",
    });
  }
}
