import type { JournalRecord } from "../journal/event.ts";

/** How many keys are remembered of a sandbox, and of those that are deleted: doubles come soon after each other. */
const rememberedKeys = 512;

/** Leaves out what was written down twice, by processes of which one was killed before it could say so. */
export class DuplicateFilter {
  readonly #heard = new Map<string, Set<string>>();
  readonly #deleted = new Set<string>();

  isNew({ sandboxId, type, containerId, key }: JournalRecord): boolean {
    // Of what is of no sandbox nothing is written down twice.
    if (sandboxId === undefined) return true;
    const isEnd = type === "deleted" && containerId === undefined;
    if (isEnd && key !== undefined && this.#deleted.has(key)) return false;
    if (isEnd) this.#heard.delete(sandboxId);
    if (key === undefined) return true;
    if (isEnd) return this.#addDeleted(key);
    const keys = this.#heard.get(sandboxId) ?? new Set();
    this.#heard.set(sandboxId, keys);
    if (keys.has(key)) return false;
    remember(keys, key);
    return true;
  }

  #addDeleted(key: string): true {
    remember(this.#deleted, key);
    return true;
  }
}

/** Forgets the oldest when there are too many. */
function remember(keys: Set<string>, key: string): void {
  keys.add(key);
  const [oldest] = keys;
  if (keys.size > rememberedKeys && oldest !== undefined) keys.delete(oldest);
}
