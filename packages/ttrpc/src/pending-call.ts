import type { AbortWatch } from "./abort-watch.ts";
import { type CallOptions, cancelled } from "./call-options.ts";
import { TtrpcError } from "./error.ts";

/** One call that waits for its answer. It settles once, by whatever comes first. */
export class PendingCall {
  readonly answer: Promise<Uint8Array>;
  #resolve!: (payload: Uint8Array) => void;
  #reject!: (error: TtrpcError) => void;
  #timer: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;

  /** `onGivenUp` runs if the deadline or the signal ends the call, and no answer is wanted any more. */
  constructor(name: string, options: CallOptions, aborts: AbortWatch, onGivenUp: () => void) {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { timeoutMs, signal } = options;
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => {
        onGivenUp();
        this.fail(
          new TtrpcError("deadline_exceeded", `${name} did not answer within ${timeoutMs} ms`),
        );
      }, timeoutMs);
    }
    if (signal !== undefined) {
      this.#unwatch = aborts.add(signal, () => {
        onGivenUp();
        this.fail(cancelled(signal));
      });
    }
  }

  succeed(payload: Uint8Array): void {
    this.#release();
    this.#resolve(payload);
  }

  fail(error: TtrpcError): void {
    this.#release();
    this.#reject(error);
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#unwatch?.();
  }
}
