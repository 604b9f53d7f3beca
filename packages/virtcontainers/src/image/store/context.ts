import { join } from "node:path";
import type { Host, Lock } from "../../host/host.ts";
import type { Logger } from "../../log.ts";
import type { ImageLimits } from "../limits.ts";

/** What every operation of the image store works with. */
export interface StoreContext {
  host: Host;
  logger: Logger;
  paths: StorePaths;
  limits: ImageLimits;
}

/** The store on disk, its owner's alone: the VMM gets an image's erofs file as an open one. */
export interface StorePaths {
  dataDir: string;
  /** `<hex>/{image.json, root.erofs, users/}` for each image. */
  images: string;
  /** Which name means which image. */
  names: string;
  /** Held while images or names are added or removed. */
  lock: string;
  /** `<random>/` of each operation under way, with `<random>.lock` held by its maker. */
  staging: string;
  /** `<hex>.lock`, held while that image is fetched. */
  locks: string;
}

export function storePaths(dataDir: string): StorePaths {
  return {
    dataDir,
    images: join(dataDir, "images"),
    names: join(dataDir, "images.json"),
    lock: join(dataDir, "images.lock"),
    staging: join(dataDir, "tmp"),
    locks: join(dataDir, "locks"),
  };
}

export function imageFolder(paths: StorePaths, hex: string): string {
  return join(paths.images, hex);
}

/** Longest wait that a lock takes; the signal ends it sooner. */
const untilSignal = 2 ** 31 - 1;

/** Runs `work` while it holds the lock file. */
export async function locked<T>(
  context: StoreContext,
  path: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  using _lock = await takeLock(context, path, signal);
  return await work();
}

/** Waits for a lock file, which is made where it is missing. */
export async function takeLock(
  context: StoreContext,
  path: string,
  signal: AbortSignal,
): Promise<Lock> {
  const options = { create: true, timeoutMs: untilSignal, signal };
  const lock = await context.host.locks.acquire(path, "exclusive", options);
  if (!lock) throw new TypeError("a lock that is made where it is missing can't be missing");
  return lock;
}
