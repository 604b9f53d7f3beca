import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { isVirtError } from "../../errors.ts";
import type { Lock } from "../../host/host.ts";
import { type StoreContext, takeLock } from "./context.ts";
import { unlessMissing } from "./files.ts";

/** A folder for one operation. Its lock, held by this process, tells others that it is in use. */
export class Staging implements AsyncDisposable {
  readonly path: string;
  readonly #lock: Lock;
  readonly #lockPath: string;

  private constructor(path: string, lockPath: string, lock: Lock) {
    this.path = path;
    this.#lockPath = lockPath;
    this.#lock = lock;
  }

  static async create(context: StoreContext, signal: AbortSignal): Promise<Staging> {
    const path = join(context.paths.staging, randomBytes(12).toString("hex"));
    const lockPath = `${path}.lock`;
    context.host.failpoint("image.stage.before");
    const lock = await takeLock(context, lockPath, signal);
    const staging = new Staging(path, lockPath, lock);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      await staging[Symbol.asyncDispose]();
      throw error;
    }
    context.host.failpoint("image.stage.after");
    return staging;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await rm(this.path, { recursive: true, force: true });
      await unlessMissing(unlink(this.#lockPath));
    } finally {
      this.#lock.release();
    }
  }
}

/**
 * Removes the staging folders of operations that were killed, and leaves those of living ones. The lock
 * is made before its folder and removed after it, so a folder without one is nobody's.
 */
export async function sweepStaging(context: StoreContext, dryRun = false): Promise<string[]> {
  const { staging } = context.paths;
  const names = (await unlessMissing(readdir(staging))) ?? [];
  const ids = new Set(names.map((name) => name.replace(/\.lock$/, "")));
  const swept: string[] = [];
  for (const id of ids) {
    const path = join(staging, id);
    try {
      using _lock = await context.host.locks.acquire(`${path}.lock`, "exclusive");
      swept.push(path);
      if (dryRun) continue;
      await rm(path, { recursive: true, force: true });
      await unlessMissing(unlink(`${path}.lock`));
    } catch (error) {
      if (!isVirtError(error, "BUSY")) throw error;
    }
  }
  return swept;
}
