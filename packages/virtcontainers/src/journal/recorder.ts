import { channel } from "node:diagnostics_channel";
import type { Host } from "../host/host.ts";
import type { Logger } from "../log.ts";
import type { Hold } from "../store/hold.ts";
import type { StoredSandbox } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import { eventOf, type JournalRecord } from "./event.ts";
import { exitEvent, readGuestEvents } from "./guest-log.ts";
import { Journal } from "./journal.ts";
import { type Progress, readProgress, writeProgress } from "./progress.ts";

/** Name of the `node:diagnostics_channel` channel that tells each event that this process writes down. */
export const eventChannelName = "virtcontainers:event";

const told = channel(eventChannelName);

/** How long others may take to write down what happened in a sandbox. */
const lockTimeoutMs = 5_000;

/** What the host knows of a container's end. */
export interface KnownExit {
  containerId: string;
  exitCode: number;
}

/** How far a look at a sandbox got. */
export interface Look {
  /** How its VM has ended, if it has. */
  ended: "died" | "stopped" | undefined;
  /** There is more to read in its guest's log. */
  more: boolean;
}

/**
 * Writes down what happens, for all processes that watch. It never fails what it tells of: where the
 * journal can't be written, that is logged and the event is lost.
 */
export class EventRecorder {
  readonly journal: Journal;
  readonly #host: Host;
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #hold: Hold | undefined;

  constructor(host: Host, store: Store, logger: Logger, hold?: Hold) {
    this.journal = new Journal(host, store.eventsFolder);
    this.#host = host;
    this.#store = store;
    this.#logger = logger;
    this.#hold = hold;
  }

  /** A recorder for an operation that holds a sandbox: it tells nothing once that is given up. */
  under(hold: Hold): EventRecorder {
    return new EventRecorder(this.#host, this.#store, this.#logger, hold);
  }

  /** For a verb that has done its work and still holds the sandbox, so that events are in order. */
  async record(event: Omit<JournalRecord, "time">): Promise<void> {
    await this.#safely(event.sandboxId, () =>
      this.#append({ time: new Date().toISOString(), ...event }),
    );
  }

  /**
   * Writes down what happened in a sandbox unseen: what its guest's log tells, and that its VM has ended.
   * The caller holds the sandbox.
   */
  async catchUp(sandbox: StoredSandbox, maxBytes = Number.MAX_SAFE_INTEGER): Promise<Look> {
    let look: Look = { ended: undefined, more: false };
    await this.#onProgress(sandbox, async (progress) => {
      // In this order: what an ended VM has written is all there.
      const alive = await isVmAlive({ host: this.#host }, sandbox);
      const more = await this.#hear(sandbox, progress, maxBytes);
      look = { ended: undefined, more };
      if (alive || more) return;
      const end = endOf(sandbox, progress);
      look = { ended: end.type, more };
      if (!progress.ended) await this.#append(end);
      progress.ended = true;
    });
    return look;
  }

  /** The first part of catchUp, and `exits` that the host knows of: for a verb that ends the VM or a container. */
  async hearOut(sandbox: StoredSandbox, exits: readonly KnownExit[] = []): Promise<void> {
    await this.#onProgress(sandbox, async (progress) => {
      await this.#hear(sandbox, progress, Number.MAX_SAFE_INTEGER);
      for (const { containerId, exitCode } of exits) {
        const container = sandbox.containers.find(({ id }) => id === containerId);
        const exit = { exitCode, time: new Date() };
        const event = container && exitEvent(sandbox, container, progress, exit);
        if (event !== undefined) await this.#append(event);
      }
    });
  }

  async #hear(sandbox: StoredSandbox, progress: Progress, maxBytes: number): Promise<boolean> {
    const path = this.#store.folder(sandbox.id).log(sandbox.logCarrier);
    const { found, more } = await readGuestEvents(path, sandbox, progress, maxBytes);
    for (const event of found) await this.#append(event);
    return more;
  }

  /** Only one process at a time looks at what a VM has done, and each goes on where the last one ended. */
  async #onProgress(
    sandbox: StoredSandbox,
    work: (progress: Progress) => Promise<void>,
  ): Promise<void> {
    const { vm, id, state } = sandbox;
    // What is not whole was never told of, and what is stopped has been.
    if (vm === undefined || state === "creating" || state === "stopped") return;
    await this.#safely(id, async () => {
      const folder = this.#store.folder(id);
      const options = { create: true, timeoutMs: lockTimeoutMs };
      using _lock = await this.#host.locks.acquire(folder.progressLock, "exclusive", options);
      const progress = await readProgress(folder.progress, vm.marker);
      const before = JSON.stringify(progress);
      await work(progress);
      this.#host.failpoint("events.recorded");
      if (JSON.stringify(progress) !== before) await writeProgress(folder.progress, progress);
    });
  }

  async #append(record: JournalRecord): Promise<void> {
    await this.journal.append(record);
    if (told.hasSubscribers) told.publish(eventOf(record));
  }

  async #safely(sandboxId: string | undefined, work: () => Promise<void>): Promise<void> {
    try {
      await (this.#hold === undefined ? work() : this.#hold.change(work));
    } catch (error) {
      this.#logger.warn({ err: error, sandboxId }, "what happened could not be written down");
    }
  }
}

const overs = {
  timeout: "its time was over",
  idle: "nobody has used it for its idle time",
} as const;

/** Why a VM has ended in order: by its lifetime, or with the container that it was made for. */
function whyEnded({ config }: StoredSandbox, progress: Progress): string | undefined {
  if (progress.over !== undefined) return overs[progress.over];
  const { exitWith } = config;
  const ended = exitWith !== undefined && progress.exited[exitWith] !== undefined;
  return ended ? `container ${exitWith} has ended` : undefined;
}

/** A VM that has not ended in order has died. */
function endOf(
  sandbox: StoredSandbox,
  progress: Progress,
): JournalRecord & { type: "died" | "stopped" } {
  const why = whyEnded(sandbox, progress);
  return {
    type: why === undefined ? "died" : "stopped",
    time: new Date().toISOString(),
    sandboxId: sandbox.id,
    reason: why ?? "its VM has ended without being told to",
    key: `ended ${progress.marker}`,
  };
}
