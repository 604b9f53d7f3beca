import { watch } from "node:fs";
import { LogRecordDecoder } from "@virtcontainers/agent-protocol/ports";
import { VirtError } from "../errors.ts";
import { openUntrusted } from "../host/files.ts";
import { logTime } from "./exits.ts";
import { readRest } from "./read.ts";

/** A piece of a detached process's output. */
export interface LogEntry {
  stream: "stdout" | "stderr";
  /** By the guest's clock. */
  time: Date;
  data: Uint8Array;
}

/**
 * What the first command of a container wrote, in order. With `follow` it goes on until that command has
 * ended or `ended` settles (the VM is gone).
 */
export async function* followLog(
  path: string,
  containerId: string,
  options: { follow: boolean; ended: Promise<unknown>; signal: AbortSignal },
): AsyncGenerator<LogEntry> {
  await using file = await openUntrusted(path);
  if (file === undefined) {
    throw new VirtError("NOT_SUPPORTED", `container ${containerId} has no log`, {
      containerId,
      hint: "Only the output of detached containers is logged: virtc run -d.",
    });
  }
  using changes = new Changes(path, options.ended, options.signal);
  const decoder = new LogRecordDecoder();
  const position = { offset: 0 };
  for (;;) {
    const last = changes.isLast;
    for await (const record of readRest(file, decoder, position)) {
      if (record.containerId !== containerId || record.execId !== "") continue;
      if (record.stream === "exit") return;
      yield { stream: record.stream, time: logTime(record.timeNs), data: record.data };
    }
    options.signal.throwIfAborted();
    if (!options.follow || last) return;
    await changes.next();
  }
}

/** Tells when a file has grown, by inotify; nothing is missed between two calls of next. */
class Changes implements Disposable {
  readonly #watcher: ReturnType<typeof watch>;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.#notify();
  #changed = false;
  #wake: (() => void) | undefined;
  /** The writer is gone: what is in the file now is all. */
  isLast = false;

  constructor(path: string, ended: Promise<unknown>, signal: AbortSignal) {
    this.#signal = signal;
    this.#watcher = watch(path, () => this.#notify());
    this.#watcher.on("error", () => this.#notify());
    signal.addEventListener("abort", this.#onAbort, { once: true });
    ended.finally(() => {
      this.isLast = true;
      this.#notify();
    });
  }

  async next(): Promise<void> {
    if (!this.#changed && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  #notify(): void {
    this.#changed = true;
    this.#wake?.();
    this.#wake = undefined;
  }
}
