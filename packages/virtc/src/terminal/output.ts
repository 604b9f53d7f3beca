import type { Readable } from "node:stream";
import type { Output } from "../context.ts";
import { OutputBroken } from "../errors/output-broken.ts";
import { drained } from "./drained.ts";

/** Copies a container's output, no faster than it is taken; knows when nothing more seems to come. */
export class OutputPump {
  readonly done: Promise<void>;
  #waiting = true;
  #arm: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Readable, to: Output) {
    this.done = this.#copy(from, to);
    this.done.catch(() => {});
  }

  /**
   * Resolves when the output has ended, or when none has come for `ms` milliseconds: a child that
   * the command left behind may hold its output open for ever.
   */
  async quiet(ms: number): Promise<void> {
    const silence = new Promise<void>((resolve) => {
      this.#arm = () => {
        this.#timer = setTimeout(resolve, ms);
      };
      if (this.#waiting) this.#arm();
    });
    await Promise.race([this.done, silence]);
    clearTimeout(this.#timer);
  }

  async #copy(from: Readable, to: Output): Promise<void> {
    for await (const chunk of from) {
      clearTimeout(this.#timer);
      this.#waiting = false;
      if (!to.write(chunk)) await drained(to);
      this.#waiting = true;
      this.#arm?.();
    }
    clearTimeout(this.#timer);
  }
}

/**
 * Rejects when one of the streams fails. It goes on listening: a write that was under way may fail after
 * the first failure has ended the work, and must not end the process before that has tidied up.
 */
export function brokenOutput(streams: readonly Output[]): Promise<never> {
  const broken = new Promise<never>((_, reject) => {
    for (const stream of streams) {
      stream.on("error", (error: NodeJS.ErrnoException) => reject(new OutputBroken(error)));
    }
  });
  broken.catch(() => {});
  return broken;
}
