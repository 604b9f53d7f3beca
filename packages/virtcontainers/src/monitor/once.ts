import type { JournalRecord } from "../journal/event.ts";

/** How many keys are remembered of a sandbox: doubles come soon after each other. */
const rememberedKeys = 512;

/** Leaves out what was written down twice, by processes of which one was killed before it could say so. */
export class Once {
  readonly #heard = new Map<string, Set<string>>();

  isNew({ sandboxId, type, containerId, key }: JournalRecord): boolean {
    if (type === "deleted" && containerId === undefined) this.#heard.delete(sandboxId);
    if (key === undefined) return true;
    const keys = this.#heard.get(sandboxId) ?? new Set();
    this.#heard.set(sandboxId, keys);
    if (keys.has(key)) return false;
    keys.add(key);
    const [oldest] = keys;
    if (keys.size > rememberedKeys && oldest !== undefined) keys.delete(oldest);
    return true;
  }
}
