import type { GuestChange } from "../../agent/files.ts";

/** One change of a container's files. */
export interface FileChange {
  /**
   * `modified`: what is in a file; `attributes`: mode, owner or times; `removed`: or moved out of what is watched; `renamed`:
   * within it; `overflow`: changes were lost here, so look yourself.
   */
  kind: GuestChange["kind"];
  /** Of an overflow: what is watched. */
  path: string;
  /** Of what was renamed: the path before. */
  from?: string | undefined;
  isFolder: boolean;
}

/** Changes that wait for their reader. */
const maxChanges = 4096;

/** Changes that were told and not read yet: no more than so many. Where some were lost stands an overflow. */
export class ChangeQueue {
  readonly #path: string;
  readonly #changes: FileChange[] = [];
  readonly #waiting: ((
    result: IteratorResult<FileChange> | Promise<IteratorResult<FileChange>>,
  ) => void)[] = [];
  #end: { error: unknown } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Names that are no UTF-8 are left out. */
  push(change: GuestChange): void {
    const told = this.#told(change);
    if (told === undefined) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting({ done: false, value: told });
    else if (this.#changes.length < maxChanges) this.#changes.push(told);
    else if (this.#changes.at(-1)?.kind !== "overflow") this.#changes.push(this.#overflow());
  }

  end(error?: unknown): void {
    this.#end = { error };
    for (const waiting of this.#waiting.splice(0)) waiting(this.next());
  }

  clear(): void {
    this.#changes.length = 0;
  }

  async next(): Promise<IteratorResult<FileChange>> {
    const value = this.#changes.shift();
    if (value !== undefined) return { done: false, value };
    if (this.#end === undefined)
      return await new Promise((resolve) => {
        this.#waiting.push(resolve);
      });
    const { error } = this.#end;
    this.#end = { error: undefined };
    if (error !== undefined) throw error;
    return { done: true, value: undefined };
  }

  #told({ kind, path, from, isFolder }: GuestChange): FileChange | undefined {
    if (kind === "overflow") return this.#overflow();
    const [at, before] = [path.toString("utf8"), from.toString("utf8")];
    if (!Buffer.from(at).equals(path) || !Buffer.from(before).equals(from)) return undefined;
    return { kind, path: at, isFolder, ...(kind === "renamed" && { from: before }) };
  }

  #overflow(): FileChange {
    return { kind: "overflow", path: this.#path, isFolder: false };
  }
}
