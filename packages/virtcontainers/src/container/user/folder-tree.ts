import { constants } from "node:fs";
import { type FileHandle, open, readlink } from "node:fs/promises";
import { isErrno } from "../../host/errno.ts";
import { pin, pinnedPath, pinReal } from "../../host/files.ts";
import type { RootEntry, RootTree } from "./root-tree.ts";

/** A folder of the host that a guest may write to at any moment: each name is pinned before it is looked at. */
export class FolderTree implements RootTree<FileHandle>, AsyncDisposable {
  readonly root: FileHandle;
  readonly #pinned: FileHandle[];

  private constructor(root: FileHandle) {
    this.root = root;
    this.#pinned = [root];
  }

  /** `path` is without links. */
  static async open(path: string): Promise<FolderTree> {
    return new FolderTree(await pinReal(path));
  }

  async step(folder: FileHandle, name: string): Promise<RootEntry<FileHandle> | undefined> {
    const path = pinnedPath(folder.fd, name);
    const node = await unlessGone(pin(path));
    if (node === undefined) return undefined;
    this.#pinned.push(node);
    const found = await node.stat();
    if (found.isDirectory()) return { kind: "folder", node };
    if (found.isFile()) return { kind: "file", node };
    if (!found.isSymbolicLink()) return undefined;
    // Where another link came in its place that one is read: where it leads to is looked at step by step, too.
    const target = await unlessGone(readlink(path));
    return target === undefined ? undefined : { kind: "link", target };
  }

  async read(node: FileHandle, limit: number): Promise<Buffer> {
    // What is pinned is a regular file, and stays it: no pipe is waited for.
    await using file = await open(pinnedPath(node.fd), constants.O_RDONLY | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(Math.min(limit, (await file.stat()).size));
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pinned.map((pinned) => pinned.close()));
  }
}

async function unlessGone<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG", "EINVAL")) return undefined;
    throw error;
  }
}
