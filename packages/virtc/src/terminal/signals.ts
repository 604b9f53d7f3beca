import type { EventEmitter } from "node:events";
import { Interrupted } from "../errors/interrupted.ts";
import { Unanswered } from "../errors/unanswered.ts";

const relayed = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;
const ending: readonly NodeJS.Signals[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGKILL"];

/** Hands a signal on; the call that does so ends by `silence`. */
type Send = (signal: NodeJS.Signals, silence: AbortSignal) => Promise<unknown>;

/** How long a guest may take to answer a signal. */
const answerMs = 10_000;
/** After a SIGKILL, how long the process may take to be gone. */
const goneMs = 2000;

/**
 * Takes the signals to this process: until there is somebody to hand them to, one ends the work by
 * `signal`, and a second one ends this process; later they go to the container.
 */
export class SignalRelay implements Disposable {
  /** What ended the work, if a signal did. */
  interruption: Interrupted | undefined;
  /** Rejects when a signal that was to end the work has not done so in time, for the guest is silent. */
  readonly unanswered: Promise<never>;
  readonly #abort = new AbortController();
  readonly #source: EventEmitter;
  readonly #silence = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  #send: Send | undefined;
  #interrupts = 0;

  constructor(source: EventEmitter) {
    const { signal } = this.#silence;
    this.unanswered = new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    this.unanswered.catch(() => {});
    this.#source = source;
    for (const name of relayed) source.on(name, this.#take);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** From now on signals go to `send`; a second SIGINT goes as SIGKILL, and a third one waits for nobody. */
  forwardTo(send: Send): void {
    this.#send = send;
  }

  /** What the work comes to, unless it is silent when it is to end. */
  async race<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.unanswered]);
  }

  /** Why the work has failed: by a signal, if it was one. */
  causeOf(error: unknown): unknown {
    return error instanceof Unanswered ? error : (this.interruption ?? error);
  }

  /** What the signals were to end has ended: nobody has to answer them any more. */
  stopTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  [Symbol.dispose](): void {
    for (const name of relayed) this.#source.off(name, this.#take);
    this.stopTimers();
  }

  readonly #take = (name: NodeJS.Signals): void => {
    if (name === "SIGINT") this.#interrupts++;
    if (this.#send) this.#forward(this.#send, name);
    else if (ending.includes(name)) {
      this.interruption = new Interrupted(name);
      this[Symbol.dispose]();
      this.#expect(name, answerMs);
      this.#abort.abort(this.interruption);
    }
  };

  #forward(send: Send, name: NodeJS.Signals): void {
    const kill = name === "SIGINT" && this.#interrupts > 1;
    if (kill && this.#interrupts > 2) this.#silence.abort(new Unanswered(name));
    const timer = ending.includes(name) ? this.#expect(name, kill ? goneMs : answerMs) : undefined;
    // A process that has the signal may take its time, and one that has just ended takes none; a kill is waited for.
    const answered = (): void => {
      if (!kill) clearTimeout(timer);
    };
    send(kill ? "SIGKILL" : name, this.#silence.signal).then(answered, answered);
  }

  #expect(name: NodeJS.Signals, ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => this.#silence.abort(new Unanswered(name)), ms);
    this.#timers.add(timer);
    return timer;
  }
}
