import type { Context } from "../context.ts";
import { VirtError } from "../errors.ts";
import type { StoredSandbox } from "../store/schema.ts";

/** The ledger's name of the daemon that serves a share. */
export const daemonName = "virtiofsd";

/** Tells once that the daemon of a sandbox's share has ended under a VM that runs. */
export class ShareWatch {
  readonly #context: Context;
  readonly #sandboxId: string;
  readonly #process: { pid: number; startTime: string } | undefined;
  #missed = 0;

  constructor(context: Context, { id, shared }: StoredSandbox) {
    this.#context = context;
    this.#sandboxId = id;
    for (const { record } of shared ? context.store.ledger(id).entries() : []) {
      if (record.kind !== "process" || record.name !== daemonName) continue;
      const { pid, startTime } = record;
      if (pid !== undefined && startTime !== undefined) this.#process = { pid, startTime };
    }
  }

  /** With a VM that ends it ends too, a moment earlier; so it must be missed at two looks. */
  async look(): Promise<VirtError | undefined> {
    if (this.#process === undefined || this.#missed > 1) return undefined;
    if (await this.#context.host.processes.isAlive(this.#process)) return undefined;
    if (++this.#missed < 2) return undefined;
    const sandboxId = this.#sandboxId;
    return new VirtError("HOST_FAILED", `the virtiofsd of sandbox ${sandboxId} has ended`, {
      sandboxId,
      phase: "share",
      hint: "What uses its shared folders hangs, all else goes on. Stop the sandbox by force and start it again; its virtiofsd.log may tell why.",
    });
  }
}
