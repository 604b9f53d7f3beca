import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  ChangeKind,
  type FileChangeSchema,
  type ReadWatchResponseSchema,
} from "@virtcontainers/agent-protocol";
import { TtrpcError } from "@virtcontainers/ttrpc";

interface FileWatcher {
  path: string;
  recursive: boolean;
  changes: MessageInitShape<typeof FileChangeSchema>[];
  wake: () => void;
}

/** Changes that one watch keeps, and those of one answer. */
const maxKept = 4096;
const maxAnswer = 256;

const numbers = {
  created: ChangeKind.CHANGE_CREATED,
  modified: ChangeKind.CHANGE_MODIFIED,
  removed: ChangeKind.CHANGE_REMOVED,
} as const;

/** Who looks for changes of the files of one container of the test guest. */
export class FileWatches {
  readonly #open = new Map<string, FileWatcher>();

  get size(): number {
    return this.#open.size;
  }

  open(id: string, path: string, recursive: boolean): void {
    if (this.#open.has(id)) throw new TtrpcError("already_exists", `watch ${id} is there already`);
    this.#open.set(id, { path, recursive, changes: [], wake: () => {} });
  }

  close(id: string): void {
    this.#open.get(id)?.wake();
    this.#open.delete(id);
  }

  /** Whose client leaves meanwhile is closed. */
  async read(
    id: string,
    signal: AbortSignal,
  ): Promise<MessageInitShape<typeof ReadWatchResponseSchema>> {
    const watcher = this.#open.get(id);
    if (watcher === undefined) throw new TtrpcError("not_found", `there is no watch ${id}`);
    const leave = (): void => this.close(id);
    signal.addEventListener("abort", leave, { once: true });
    try {
      if (watcher.changes.length === 0)
        await new Promise<void>((resolve) => {
          watcher.wake = resolve;
        });
    } finally {
      signal.removeEventListener("abort", leave);
    }
    const changes = watcher.changes.splice(0, maxAnswer);
    const isGone = changes.some(({ kind, path }) =>
      kind === ChangeKind.CHANGE_REMOVED
        ? Buffer.from(path ?? []).equals(Buffer.from(watcher.path))
        : false,
    );
    if (isGone) this.close(id);
    return { changes, ended: isGone || !this.#open.has(id) };
  }

  tell(kind: keyof typeof numbers, path: string, folder: boolean): void {
    for (const watcher of this.#open.values())
      if (sees(watcher, path))
        keep(watcher, { kind: numbers[kind], path: Buffer.from(path), folder });
  }

  renamed(from: string, to: string, folder: boolean): void {
    for (const watcher of this.#open.values()) {
      const [before, after] = [sees(watcher, from), sees(watcher, to)];
      const paths = { path: Buffer.from(to), from: Buffer.from(from), folder };
      if (before && after && from !== watcher.path)
        keep(watcher, { kind: ChangeKind.CHANGE_RENAMED, ...paths });
      else if (before)
        keep(watcher, { kind: ChangeKind.CHANGE_REMOVED, path: Buffer.from(from), folder });
      else if (after)
        keep(watcher, { kind: ChangeKind.CHANGE_CREATED, path: Buffer.from(to), folder });
    }
  }
}

function sees({ path, recursive }: FileWatcher, changed: string): boolean {
  if (changed === path) return true;
  const above = path === "/" ? "/" : `${path}/`;
  return changed.startsWith(above) && (recursive || !changed.slice(above.length).includes("/"));
}

function keep(watcher: FileWatcher, change: MessageInitShape<typeof FileChangeSchema>): void {
  const { changes } = watcher;
  if (changes.length < maxKept) changes.push(change);
  else if (changes.at(-1)?.kind !== ChangeKind.CHANGE_OVERFLOW)
    changes.push({ kind: ChangeKind.CHANGE_OVERFLOW });
  watcher.wake();
}
