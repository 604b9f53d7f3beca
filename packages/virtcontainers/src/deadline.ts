import { setMaxListeners } from "node:events";
import { invalidArgument, isVirtError, VirtError } from "./errors.ts";

/** What every method that waits accepts. */
export interface CallOptions {
  /** Ends the call; its reason becomes the error's cause. */
  signal?: AbortSignal | undefined;
  /** Milliseconds, 1 to 2^31-1, after which the call ends with TIMEOUT. Each method names its default. */
  timeoutMs?: number | undefined;
}

/** The longest delay that setTimeout takes. */
const maxTimeoutMs = 2 ** 31 - 1;

/** One signal out of the caller's and a deadline; the first reason wins. Dispose it to stop the timer. */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #stop: () => void;
  readonly #startedAt = performance.now();
  #phase: string;

  constructor(options: CallOptions, defaultTimeoutMs: number | undefined, phase: string) {
    this.#phase = phase;
    this.signal = this.#controller.signal;
    // Many parts of one call may wait at once.
    setMaxListeners(0, this.signal);
    const { signal } = options;
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= maxTimeoutMs)) {
      throw invalidArgument("timeoutMs", timeoutMs, `it must be from 1 to ${maxTimeoutMs} ms`);
    }
    const onAbort = (): void => this.#cancel(signal?.reason);
    if (signal?.aborted) this.#cancel(signal.reason);
    else signal?.addEventListener("abort", onAbort, { once: true });
    this.#stop = () => signal?.removeEventListener("abort", onAbort);
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#expire(timeoutMs), timeoutMs);
  }

  /** Names what is going on now, for the error of a deadline. */
  phase(name: string): void {
    this.#phase = name;
  }

  /** Throws the reason if the call has already ended. */
  check(): void {
    this.signal.throwIfAborted();
  }

  /** Ends the call with an error, since what it waits for can't come any more. */
  fail(error: VirtError): void {
    this.#controller.abort(error);
  }

  /** Waits for a promise, but no longer than the deadline. */
  race<T>(promise: Promise<T>): Promise<T> {
    if (this.signal.aborted) {
      promise.catch(() => {});
      return Promise.reject(this.signal.reason);
    }
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => reject(this.signal.reason);
      this.signal.addEventListener("abort", onAbort, { once: true });
      promise
        .then(resolve, reject)
        .finally(() => this.signal.removeEventListener("abort", onAbort));
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#stop();
  }

  /** A deadline around this one has said already why the call ends. */
  #cancel(reason: unknown): void {
    const first = isVirtError(reason, "TIMEOUT", "CANCELED")
      ? reason
      : new VirtError("CANCELED", `canceled during ${this.#phase}`, {
          cause: reason,
          phase: this.#phase,
        });
    this.#controller.abort(first);
  }

  #expire(timeoutMs: number): void {
    const tookMs = Math.round(performance.now() - this.#startedAt);
    this.#controller.abort(
      new VirtError(
        "TIMEOUT",
        `${this.#phase} did not finish within ${timeoutMs} ms (waited ${tookMs} ms)`,
        {
          phase: this.#phase,
          hint: "Raise timeoutMs, or look at the sandbox's console for what the guest was doing.",
        },
      ),
    );
  }
}
