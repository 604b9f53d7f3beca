import { randomBytes } from "node:crypto";
import { type GuestChange, watchFeature } from "../../agent/files.ts";
import type { FileWatchOptions } from "../../config/files.ts";
import { Deadline } from "../../deadline.ts";
import { isVirtError, VirtError } from "../../errors.ts";
import type { ExecSandbox } from "../exec/sandbox.ts";
import { ChangeQueue, type FileChange } from "./change-queue.ts";
import { withFiles } from "./side.ts";

/** How long a guest may take to forget a watch; it forgets it by itself, too. */
const closeMs = 1_500;

/** Changes of files, from its call on: leave the loop over it, or call `return()`, and nothing of it is left in the guest. */
export interface FileWatch extends AsyncIterableIterator<FileChange>, AsyncDisposable {
  /** Comes when the guest looks: what changes from then on is told. Fails as the watch does. */
  opened(): Promise<void>;
  return(): Promise<IteratorResult<FileChange>>;
}

/** Which it is: where, and under which name the guest knows it. */
interface Watched {
  containerId: string;
  watchId: string;
  path: string;
  recursive: boolean;
}

export function watchFiles(
  sandbox: ExecSandbox,
  place: Omit<Watched, "watchId">,
  options: FileWatchOptions,
): FileWatch {
  return new Watch(sandbox, { ...place, watchId: randomBytes(8).toString("hex") }, options);
}

class Watch implements FileWatch {
  readonly #sandbox: ExecSandbox;
  readonly #watched: Watched;
  readonly #queue: ChangeQueue;
  readonly #left = new AbortController();
  readonly #opened: Promise<void>;
  readonly #over: Promise<void>;

  constructor(sandbox: ExecSandbox, watched: Watched, options: FileWatchOptions) {
    this.#sandbox = sandbox;
    this.#watched = watched;
    this.#queue = new ChangeQueue(watched.path);
    let over = Promise.resolve();
    this.#opened = new Promise((resolve, reject) => {
      over = this.#run(options, resolve).then(
        () => this.#queue.end(),
        (error: unknown) => {
          reject(error);
          this.#queue.end(this.#left.signal.aborted ? undefined : error);
        },
      );
    });
    // Who does not ask for it gets its failure by next().
    this.#opened.catch(() => {});
    this.#over = over;
  }

  async opened(): Promise<void> {
    await this.#opened;
  }

  async next(): Promise<IteratorResult<FileChange>> {
    return await this.#queue.next();
  }

  async return(): Promise<IteratorResult<FileChange>> {
    this.#left.abort(new VirtError("CANCELED", "the watch was left"));
    await this.#over;
    this.#queue.clear();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #run(options: FileWatchOptions, opened: () => void): Promise<void> {
    const { signal } = options;
    const signals = signal === undefined ? [] : [signal];
    const either = AbortSignal.any([...signals, this.#left.signal]);
    using deadline = new Deadline({ ...options, signal: either }, undefined, "files.watch");
    await this.#open(deadline.signal);
    opened();
    let isOver = false;
    try {
      while (!isOver) {
        const { changes, ended } = await this.#read(deadline.signal);
        for (const change of changes) this.#queue.push(change);
        isOver = ended;
      }
    } catch (error) {
      isOver = isVirtError(error, "SANDBOX_DEAD", "SANDBOX_NOT_FOUND", "INVALID_STATE");
      if (!isOver) throw error;
    } finally {
      if (!isOver) await this.#close();
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { containerId, watchId, path, recursive } = this.#watched;
    const how = { name: "files.watch", holding: "moment" } as const;
    await this.#sandbox.run(how, { signal }, async (operation) => {
      if (!operation.sandbox.agentFeatures.includes(watchFeature))
        throw new VirtError("NOT_SUPPORTED", "the agent of this guest can't watch files", {
          sandboxId: operation.sandbox.id,
          hint: "Use this project's guest, or look time after time with files.list().",
        });
      await withFiles(operation, containerId, ({ agent }) =>
        agent.openWatch(containerId, watchId, { path, recursive }, operation.signal),
      );
    });
  }

  /** Also of a sandbox that is paused: what changes after that is told then. */
  async #read(signal: AbortSignal): Promise<{ changes: GuestChange[]; ended: boolean }> {
    const { containerId, watchId } = this.#watched;
    const how = { name: "files.watch", holding: "moment", timeoutMs: undefined } as const;
    return await this.#sandbox.run(how, { signal }, async (operation) => {
      const agent = await operation.agent();
      return await agent.readWatch(containerId, watchId, operation.signal);
    });
  }

  async #close(): Promise<void> {
    const { containerId, watchId } = this.#watched;
    const how = { name: "files.watch", holding: "moment", timeoutMs: closeMs } as const;
    try {
      await this.#sandbox.run(how, {}, async (operation) => {
        const agent = await operation.agent();
        await agent.closeWatch(containerId, watchId, operation.signal);
      });
    } catch {
      // A guest that nobody asks forgets it.
    }
  }
}
