import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type FileEntrySchema,
  FileKind,
  type ListFolderRequest,
  type PutFileRequest,
  type ReadFileRequest,
} from "@virtcontainers/agent-protocol";
import { TtrpcError } from "@virtcontainers/ttrpc";
import { failure, find, makeNode, parentOf, type TreeNode } from "./tree.ts";
import { FileWatches } from "./watches.ts";

/** The longest answers, as of the agent. */
const maxEntries = 1000;
/** What one call takes away of a folder. */
const maxRemoved = 1000;
const maxPiece = 1024 * 1024;

const numbers = { file: FileKind.FILE, folder: FileKind.FOLDER, link: FileKind.LINK } as const;
/** What an image of a small distribution has. */
const usual = ["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"];

/** The files of one container of the test guest, in memory, for its programs and for tests. Links are followed in its root. */
export class ContainerFiles {
  readonly #root = makeNode("folder");
  /** Files that are not whole. */
  readonly #parts = new Map<string, TreeNode>();
  /** Who looks for changes. */
  readonly watches = new FileWatches();

  constructor(users: readonly string[] = []) {
    for (const name of usual) this.#root.entries.set(name, makeNode("folder"));
    const lines = users.map((name, at) => `${name}:x:${at}:${at}::/:/bin/sh\n`);
    this.write("/etc/passwd", lines.join(""));
  }

  /** What is in a file; undefined if there is none. */
  read(path: string): Buffer | undefined {
    const found = find(this.#root, path);
    return found?.kind === "file" ? Buffer.from(found.data) : undefined;
  }

  /** Makes a file or replaces what is in it; folders that are missing on the way are made. */
  write(path: string, data: string | Uint8Array): void {
    const names = path.split("/").filter((name) => name !== "");
    for (let at = 1; at < names.length; at++) {
      const above = `/${names.slice(0, at).join("/")}`;
      if (find(this.#root, above) !== undefined) continue;
      const { folder, name } = parentOf(this.#root, above);
      folder.entries.set(name, makeNode("folder"));
      this.watches.tell("created", above, true);
    }
    const there = find(this.#root, path);
    if (there?.kind === "folder") throw failure(path, "Is a directory (os error 21)");
    if (there !== undefined) {
      Object.assign(there, { data: Buffer.from(data), mtimeMs: Date.now() });
      this.watches.tell("modified", path, false);
      return;
    }
    const { folder, name } = parentOf(this.#root, path);
    folder.entries.set(name, makeNode("file", { data: Buffer.from(data) }));
    this.watches.tell("created", path, false);
  }

  /** The names in a folder, in order; none if there is no such folder. */
  list(path: string): string[] {
    return sorted(find(this.#root, path)).map(([name]) => name);
  }

  /** Takes away a file, a link, or a folder with all that is in it. */
  remove(path: string): void {
    const { folder, name } = parentOf(this.#root, path);
    const there = folder.entries.get(name);
    folder.entries.delete(name);
    if (there !== undefined) this.watches.tell("removed", path, there.kind === "folder");
  }

  stat(path: string, follow: boolean): MessageInitShape<typeof FileEntrySchema> | undefined {
    const found = find(this.#root, path, follow);
    return found && entryOf("", found);
  }

  listFolder({
    path,
    after,
    limit,
  }: ListFolderRequest): MessageInitShape<typeof FileEntrySchema>[] {
    const folder = find(this.#root, path);
    if (folder === undefined) throw failure(path, "No such file or directory (os error 2)");
    if (folder.kind !== "folder") throw failure(path, "Not a directory (os error 20)");
    return sorted(folder)
      .filter(([name]) => Buffer.compare(Buffer.from(name), after) > 0)
      .slice(0, Math.max(1, Math.min(limit, maxEntries)))
      .map(([name, node]) => entryOf(name, node));
  }

  rename(from: string, to: string): void {
    const old = parentOf(this.#root, from);
    const target = parentOf(this.#root, to);
    const node = old.folder.entries.get(old.name);
    const there = target.folder.entries.get(target.name);
    if (node === undefined) throw nothing(from);
    if (there !== undefined && (there.kind === "folder" || node.kind === "folder"))
      throw new TtrpcError("already_exists", `${to}: there is something that is not replaced`);
    if (`${to}/`.startsWith(`${from}/`) && node.kind === "folder")
      throw new TtrpcError("invalid_argument", `${to}: Invalid argument (os error 22)`);
    old.folder.entries.delete(old.name);
    target.folder.entries.set(target.name, node);
    this.watches.renamed(from, to, node.kind === "folder");
  }

  /** Whether there is more to be taken away, as the agent's says where it takes long. */
  removePath(path: string, recursive: boolean): boolean {
    const { folder, name } = parentOf(this.#root, path);
    const there = folder.entries.get(name);
    if (there === undefined) throw nothing(path);
    if (!recursive && there.entries.size > 0)
      throw new TtrpcError("failed_precondition", `${path}: Directory not empty (os error 39)`);
    for (const [below, node] of [...there.entries].slice(0, maxRemoved)) {
      there.entries.delete(below);
      this.watches.tell("removed", `${path}/${below}`, node.kind === "folder");
    }
    if (there.entries.size > 0) return true;
    folder.entries.delete(name);
    this.watches.tell("removed", path, there.kind === "folder");
    return false;
  }

  readPiece({ path, offset, len, follow }: ReadFileRequest): Uint8Array {
    const found = find(this.#root, path, follow);
    if (found === undefined) throw failure(path, "No such file or directory (os error 2)");
    if (found.kind !== "file")
      throw new TtrpcError("invalid_argument", `${path}: not a regular file`);
    const at = Number(offset);
    return found.data.subarray(at, at + Math.min(len, maxPiece));
  }

  put(request: PutFileRequest): void {
    const { path, kind } = request;
    const { folder, name } = parentOf(this.#root, path);
    const there = folder.entries.get(name);
    if (kind === FileKind.FOLDER) {
      if (there !== undefined && there.kind !== "folder")
        throw failure(path, "Not a directory (os error 20)");
      if (there !== undefined) return;
      folder.entries.set(name, makeNode("folder", attributes(request)));
      this.watches.tell("created", path, true);
      return;
    }
    if (there?.kind === "folder")
      throw new TtrpcError("already_exists", `${path}: there is a folder, which is not replaced`);
    if (kind === FileKind.FILE) this.#putPiece(request, folder, name);
    else if (kind === FileKind.LINK) {
      const link = { ...attributes(request), mode: 0o777, data: Buffer.from(request.target) };
      folder.entries.set(name, makeNode("link", link));
      this.watches.tell("created", path, false);
    } else if (kind === FileKind.HARD_LINK) {
      const file = find(this.#root, Buffer.from(request.target).toString(), false);
      if (file?.kind !== "file")
        throw new TtrpcError("invalid_argument", `target: no file that ${path} could be`);
      folder.entries.set(name, file);
      this.watches.tell("created", path, false);
    } else throw new TtrpcError("invalid_argument", `kind: ${kind} is no file, folder or link`);
  }

  /** A file gets its name when it is whole. */
  #putPiece(request: PutFileRequest, folder: TreeNode, name: string): void {
    const { path, size, offset, data, part } = request;
    const begun = this.#parts.get(part);
    const file = offset === 0n ? makeNode("file", { mode: 0o600 }) : begun;
    if (file?.kind !== "file") throw failure(path, "No such file or directory (os error 2)");
    // A gap before the piece is as in a sparse file.
    const before = Buffer.alloc(Number(offset));
    file.data.copy(before);
    file.data = Buffer.concat([before, data]);
    if (BigInt(file.data.length) < size) {
      this.#parts.set(part, file);
      return;
    }
    this.#parts.delete(part);
    folder.entries.set(name, Object.assign(file, attributes(request)));
    this.watches.tell("created", path, false);
  }

  /** Forgets what was put of a file that is not whole. */
  drop(part: string): void {
    this.#parts.delete(part);
  }

  /** How many files are not whole. */
  get unfinished(): number {
    return this.#parts.size;
  }
}

function nothing(path: string): TtrpcError {
  return new TtrpcError("not_found", `${path}: No such file or directory (os error 2)`);
}

function attributes(request: PutFileRequest): Pick<TreeNode, "mode" | "uid" | "gid" | "mtimeMs"> {
  const { uid, gid } = request;
  return { mode: request.mode & 0o7777, uid, gid, mtimeMs: Number(request.mtimeMs) };
}

function sorted(folder: TreeNode | undefined): [string, TreeNode][] {
  return [...(folder?.entries ?? [])].sort(([a], [b]) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
}

function entryOf(name: string, node: TreeNode): MessageInitShape<typeof FileEntrySchema> {
  const { kind, mode, uid, gid, mtimeMs, data } = node;
  const common = { name: Buffer.from(name), kind: numbers[kind], mode, uid, gid };
  return {
    ...common,
    mtimeMs: BigInt(Math.trunc(mtimeMs)),
    size: BigInt(kind === "file" ? data.length : 0),
    target: kind === "link" ? data : new Uint8Array(),
  };
}
