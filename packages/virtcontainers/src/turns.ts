import { setImmediate as nextTurn } from "node:timers/promises";

const longestMs = 10;

/**
 * Gives the event loop a turn now and then in long work that waits for nothing, so that deadlines, signals
 * and everybody else are heard.
 */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** True when `take` should be awaited. */
  get due(): boolean {
    return performance.now() - this.#since > longestMs;
  }

  async take(): Promise<void> {
    await nextTurn();
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}
