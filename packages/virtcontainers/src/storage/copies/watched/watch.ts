import { type FSWatcher, watch } from "node:fs";
import { isVirtError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import type { StoredSandbox } from "../../../store/schema.ts";
import { foldersOf } from "./folders.ts";
import { watchedMounts } from "./update.ts";

/** Changes come in bursts, as when a file is emptied and then written. */
const burstMs = 50;

/** Brings the copies up to date, and gives the sandbox as it was then. */
export type Update = (signal: AbortSignal) => Promise<StoredSandbox>;

/**
 * Watches the folders of the host that a sandbox has copies of, by inotify, and has the copies brought up to
 * date when one changes. It does not keep this process alive.
 */
export class FolderWatch {
  readonly #update: Update;
  readonly #logger: Logger;
  #watchers = new Map<string, FSWatcher>();
  #roots: readonly string[] = [];
  /** Something changed that a paused guest could not be given. */
  #behind = false;
  #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(update: Update, logger: Logger) {
    this.#update = update;
    this.#logger = logger;
  }

  /** Watches what a sandbox has copies of now: nothing once it is stopped. */
  follow(sandbox: StoredSandbox): void {
    this.#retarget(rootsOf(sandbox));
    const lost = this.#roots.some((path) => !this.#watchers.has(path));
    if (lost || (this.#behind && sandbox.state !== "paused")) this.#soon();
  }

  /** Ends it, and waits for what is under way. */
  async close(): Promise<void> {
    this.#roots = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#watch([]);
    await this.#running;
  }

  #retarget(roots: readonly string[]): void {
    if (roots.join("\0") === this.#roots.join("\0")) return;
    this.#roots = roots;
    this.#soon();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const { signal } = this.#stop;
      this.#running = this.#running.then(() => this.#turn(signal));
    }, burstMs).unref();
  }

  async #turn(signal: AbortSignal): Promise<void> {
    try {
      await this.#watchAll(signal);
      if (signal.aborted || this.#roots.length === 0) return;
      const sandbox = await this.#update(signal);
      this.#behind = sandbox.state === "paused";
      this.#retarget(rootsOf(sandbox));
    } catch (error) {
      if (signal.aborted) return;
      if (isVirtError(error, "SANDBOX_NOT_FOUND", "SANDBOX_DEAD")) this.#retarget([]);
      else this.#logger.warn({ err: error }, "the copies of watched folders could not be updated");
    }
  }

  /** Watchers come first, again where a folder was replaced: what changes after them is told, what changed before is found. */
  async #watchAll(signal: AbortSignal): Promise<void> {
    for (let known = -1; known < this.#watchers.size; ) {
      known = this.#watchers.size;
      const folders = (await Promise.all(this.#roots.map(foldersOf))).flat();
      if (signal.aborted) return;
      this.#watch(folders);
    }
  }

  #watch(folders: readonly string[]): void {
    const before = this.#watchers;
    this.#watchers = new Map();
    for (const path of new Set(folders)) {
      try {
        const watcher = watch(path, { persistent: false }, () => this.#soon());
        watcher.on("error", () => this.#soon());
        this.#watchers.set(path, watcher);
      } catch (error) {
        this.#logger.warn({ err: error, path }, "a folder of the host can't be watched");
      }
    }
    for (const watcher of before.values()) watcher.close();
  }
}

function rootsOf({ state, containers }: StoredSandbox): string[] {
  if (state === "stopped") return [];
  const paths = containers.flatMap((container) => watchedMounts(container).map(({ path }) => path));
  return [...new Set(paths)].sort();
}
