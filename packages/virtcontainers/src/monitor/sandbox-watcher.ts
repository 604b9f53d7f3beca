import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isVirtError } from "../errors.ts";
import type { JournalRecord } from "../journal/event.ts";
import type { Look } from "../journal/recorder.ts";
import { FileChanges } from "../logs/file-changes.ts";
import type { Context } from "../operation/context.ts";
import type { StoredSandbox } from "../store/schema.ts";

/** What one look reads of a guest's log at most, so that verbs on the sandbox are not held up. */
const lookBytes = 8 * 1024 * 1024;
/** How long whoever begins to watch waits for those who work on a sandbox. */
const firstLookMs = 1_000;
/** A guest that writes without end is looked at no more often than this. */
const pauseMs = 50;

/**
 * Looks after sandboxes: what their guests tell and the end of their VMs goes into the journal as it
 * happens. Several processes may do so at once.
 */
export class SandboxWatcher implements Disposable {
  readonly #context: Context;
  readonly #only: string | undefined;
  readonly #posts = new Map<string, AbortController>();

  /** Over one sandbox, or over all. */
  constructor(context: Context, only: string | undefined) {
    this.#context = context;
    this.#only = only;
  }

  /** Looks once at each sandbox, unless somebody works on it for long, and goes on looking. */
  async begin(): Promise<void> {
    const ids = await this.#context.store.ids();
    const patience = new AbortController();
    await Promise.race([
      Promise.all(ids.map((id) => this.#attach(id))),
      sleep(firstLookMs, undefined, { signal: patience.signal }).catch(() => {}),
    ]);
    patience.abort();
  }

  /** Follows the journal: VMs come and go. */
  hear({ type, sandboxId, containerId }: JournalRecord): void {
    if (sandboxId === undefined || containerId !== undefined) return;
    if (type === "created" || type === "started") void this.#attach(sandboxId);
    if (type === "stopped" || type === "died" || type === "deleted") this.#detach(sandboxId);
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#posts.keys()]) this.#detach(id);
  }

  #detach(id: string): void {
    this.#posts.get(id)?.abort();
    this.#posts.delete(id);
  }

  /** Settles after the first look. */
  async #attach(id: string): Promise<void> {
    if (this.#only !== undefined && this.#only !== id) return;
    this.#detach(id);
    const post = new AbortController();
    this.#posts.set(id, post);
    const { signal } = post;
    await new Promise<void>((looked) => {
      watchOver(this.#context, id, signal, looked)
        .catch((error: unknown) => {
          if (signal.aborted || isVirtError(error, "SANDBOX_NOT_FOUND")) return;
          const fields = { err: error, sandboxId: id };
          this.#context.logger.warn(fields, "a sandbox is no longer looked after");
        })
        .finally(looked);
    });
  }
}

/** Looks whenever the log grows, and a last time when the VM is gone. */
async function watchOver(
  context: Context,
  id: string,
  signal: AbortSignal,
  looked: () => void,
): Promise<void> {
  const sandbox = await context.store.readIfThere(id);
  if (sandbox?.vm === undefined || sandbox.state === "creating") return;
  const folder = context.store.folder(id);
  const log = folder.log(sandbox.logCarrier);
  using changes = new FileChanges(existsSync(log) ? log : folder.vm, signal);
  let gone = false;
  const onGone = (): void => {
    gone = true;
    changes.notify();
  };
  context.host.processes.waitGone(sandbox.vm.process, signal).then(onGone, () => {});
  for (;;) {
    const last = gone;
    const { ended: how, more } = await catchUp(context, id, sandbox, signal);
    looked();
    if (how !== undefined || (last && !more)) return;
    await sleep(pauseMs, undefined, { signal });
    if (!more) await changes.next();
    signal.throwIfAborted();
  }
}

/** Together with those who use the sandbox, but not with one who changes it: what he does, he tells himself. */
async function catchUp(
  context: Context,
  id: string,
  seen: StoredSandbox,
  signal: AbortSignal,
): Promise<Look> {
  using _lock = await context.store.lock(id, "shared", signal);
  const sandbox = await context.store.read(id);
  // Stopped, or started anew, by somebody who has told it.
  if (sandbox.vm?.marker !== seen.vm?.marker) return { ended: "stopped", more: false };
  return await context.events.catchUp(sandbox, lookBytes);
}
