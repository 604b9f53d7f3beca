import { watch } from "node:fs";

/** Tells when a file or the entries of a folder change, by inotify; nothing is missed between two calls of next. */
export class FileChanges implements Disposable {
  readonly #watcher: ReturnType<typeof watch>;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.notify();
  #changed = false;
  #wake: (() => void) | undefined;

  /** Throws if there is no such file. */
  constructor(path: string, signal: AbortSignal) {
    this.#signal = signal;
    this.#watcher = watch(path, () => this.notify());
    this.#watcher.on("error", () => this.notify());
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Settles at the next change, or at once if there was one since; also when the signal aborts. */
  async next(): Promise<void> {
    if (!this.#changed && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#changed = false;
  }

  /** Counts as a change. */
  notify(): void {
    this.#changed = true;
    this.#wake?.();
    this.#wake = undefined;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}
