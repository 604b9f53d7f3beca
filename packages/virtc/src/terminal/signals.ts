import type { EventEmitter } from "node:events";
import { Interrupted } from "../errors/interrupted.ts";

const relayed = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;
const ending: readonly NodeJS.Signals[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"];

/**
 * Takes the signals to this process: until there is somebody to hand them to, one ends the work by
 * `signal`, and a second one ends this process; later they go to the container.
 */
export class SignalRelay implements Disposable {
  /** What ended the work, if a signal did. */
  interruption: Interrupted | undefined;
  readonly #abort = new AbortController();
  readonly #source: EventEmitter;
  #target: ((signal: NodeJS.Signals) => void) | undefined;
  #interrupts = 0;

  constructor(source: EventEmitter) {
    this.#source = source;
    for (const name of relayed) source.on(name, this.#take);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** From now on signals go to `send`; a second SIGINT goes as SIGKILL. */
  forwardTo(send: (signal: NodeJS.Signals) => void): void {
    this.#target = send;
  }

  [Symbol.dispose](): void {
    for (const name of relayed) this.#source.off(name, this.#take);
  }

  readonly #take = (name: NodeJS.Signals): void => {
    if (name === "SIGINT") this.#interrupts++;
    if (this.#target) {
      this.#target(this.#interrupts > 1 && name === "SIGINT" ? "SIGKILL" : name);
    } else if (ending.includes(name)) {
      this.interruption = new Interrupted(name);
      this.#abort.abort(this.interruption);
      this[Symbol.dispose]();
    }
  };
}
