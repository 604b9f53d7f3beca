/**
 * Watches any number of signals for any number of calls with one listener for
 * each signal: many calls share a signal, and Node warns of a leak at eleven.
 */
export class AbortWatch {
  readonly #watched = new Map<AbortSignal, { calls: Set<() => void>; onAbort: () => void }>();

  /** Runs `onAbort` when the signal aborts. Returns what ends the watch. */
  add(signal: AbortSignal, onAbort: () => void): () => void {
    const { calls } = this.#watched.get(signal) ?? this.#watch(signal);
    calls.add(onAbort);
    return () => {
      calls.delete(onAbort);
      if (calls.size === 0) this.#unwatch(signal);
    };
  }

  #watch(signal: AbortSignal) {
    const calls = new Set<() => void>();
    const onAbort = () => {
      for (const call of calls) call();
    };
    const entry = { calls, onAbort };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#watched.set(signal, entry);
    return entry;
  }

  #unwatch(signal: AbortSignal): void {
    const entry = this.#watched.get(signal);
    if (entry === undefined) return;
    signal.removeEventListener("abort", entry.onAbort);
    this.#watched.delete(signal);
  }
}
