import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { invalidImage } from "../failure.ts";
import { maxPathBytes } from "../limits.ts";
import {
  blockBytes,
  dataInline,
  dataPlain,
  decodeInode,
  decodeRootNid,
  direntBytes,
  type InodeHead,
  inodeBytes,
  slotBytes,
} from "./format.ts";
import { decodeXattrs, xattrBytes } from "./xattr.ts";

/** What an inode says, and where its content lies. */
export interface Inode {
  kind: "folder" | "file" | "link" | "other";
  /** The same for all hard links of a file. */
  nid: number;
  size: number;
  dataOffset: number;
  head: InodeHead;
}

const pieceBytes = 1024 * 1024;
const none: ReadonlyMap<string, Buffer> = new Map();

/** What a name of a folder stands for; devices and the like are no concern of who reads an image. */
export type ErofsEntry =
  | { kind: "folder" | "file"; node: Inode }
  | { kind: "link"; target: string };

/** A packed image, read in place. Each call throws IMAGE_INVALID where the image is damaged. */
export class ErofsTree implements AsyncDisposable {
  readonly root: Inode;
  readonly #file: FileHandle;

  private constructor(file: FileHandle, root: Inode) {
    this.#file = file;
    this.root = root;
  }

  static async open(path: string): Promise<ErofsTree> {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const rootNid = decodeRootNid(await readAt(file, 0, blockBytes));
      if (rootNid === undefined) throw damaged();
      return new ErofsTree(file, await inodeAt(file, rootNid));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** What a folder has under a name; undefined if there is none, or nothing to read. */
  async step(folder: Inode, name: string): Promise<ErofsEntry | undefined> {
    const wanted = Buffer.from(name, "utf8").toString("latin1");
    const block = await this.#blockOf(folder, wanted);
    const nid = block.find((entry) => entry.name === wanted)?.nid;
    if (nid === undefined) return undefined;
    const node = await inodeAt(this.#file, nid);
    if (node.kind === "other") return undefined;
    if (node.kind !== "link") return { kind: node.kind, node };
    return { kind: "link", target: (await this.read(node, maxPathBytes)).toString("utf8") };
  }

  /** The first bytes of a file, `limit` at most. */
  async read(node: Inode, limit: number): Promise<Buffer> {
    return await readAt(this.#file, node.dataOffset, Math.min(node.size, limit));
  }

  /** The content of a file, in pieces. */
  async *content(node: Inode): AsyncGenerator<Buffer> {
    for (let at = 0; at < node.size; at += pieceBytes) {
      yield await readAt(this.#file, node.dataOffset + at, Math.min(pieceBytes, node.size - at));
    }
  }

  /** What is in a folder, in the order of the names, which are bytes as Latin-1 text. */
  async *list(folder: Inode): AsyncGenerator<{ name: string; node: Inode }> {
    for (let index = 0; index * blockBytes < folder.size; index++) {
      for (const { name, nid } of await this.#block(folder, index)) {
        if (name !== "." && name !== "..") yield { name, node: await inodeAt(this.#file, nid) };
      }
    }
  }

  /** The extended attributes of an inode. */
  async xattrs(node: Inode): Promise<ReadonlyMap<string, Buffer>> {
    const length = xattrBytes(node.head.xattrCount);
    if (length === 0) return none;
    const found = decodeXattrs(await readAt(this.#file, node.nid * slotBytes + inodeBytes, length));
    if (found === undefined) throw damaged();
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  /** The block of a folder in which a name would be: all names are in order. */
  async #blockOf(folder: Inode, wanted: string): Promise<Dirent[]> {
    let first = 0;
    let last = Math.max(0, Math.ceil(folder.size / blockBytes) - 1);
    while (first < last) {
      const middle = Math.ceil((first + last) / 2);
      const [begin] = await this.#block(folder, middle);
      if (begin !== undefined && begin.name <= wanted) first = middle;
      else last = middle - 1;
    }
    return await this.#block(folder, first);
  }

  async #block(folder: Inode, index: number): Promise<Dirent[]> {
    const offset = index * blockBytes;
    const length = Math.min(blockBytes, folder.size - offset);
    return decodeBlock(await readAt(this.#file, folder.dataOffset + offset, length));
  }
}

interface Dirent {
  name: string;
  nid: number;
}

function decodeBlock(block: Buffer): Dirent[] {
  if (block.length < direntBytes) throw damaged();
  const count = block.readUInt16LE(8) / direntBytes;
  if (!Number.isInteger(count) || count * direntBytes > block.length) throw damaged();
  const begin = (index: number) =>
    index < count ? block.readUInt16LE(index * direntBytes + 8) : block.length;
  return Array.from({ length: count }, (_, index) => ({
    nid: Number(block.readBigUInt64LE(index * direntBytes)),
    // The last name of a block ends where its zeros begin.
    name: block.toString("latin1", begin(index), begin(index + 1)).replace(/\0.*$/s, ""),
  }));
}

/** By the file type of a mode. */
const kinds = new Map<number, Inode["kind"]>([
  [0o040000, "folder"],
  [0o100000, "file"],
  [0o120000, "link"],
]);

async function inodeAt(file: FileHandle, nid: number): Promise<Inode> {
  const offset = nid * slotBytes;
  if (!Number.isSafeInteger(offset)) throw damaged();
  const head = decodeInode(await readAt(file, offset, inodeBytes));
  if (head === undefined) throw damaged();
  const { mode, size, layout, xattrCount, union: firstBlock } = head;
  if (layout !== dataInline && layout !== dataPlain) throw damaged();
  const behind = offset + inodeBytes + xattrBytes(xattrCount);
  const dataOffset = layout === dataInline ? behind : firstBlock * blockBytes;
  return { kind: kinds.get(mode & 0o170000) ?? "other", nid, size, dataOffset, head };
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw damaged();
    done += bytesRead;
  }
  return bytes;
}

function damaged() {
  return invalidImage(
    "the packed image is damaged",
    "Remove it with `virtc image rm`, then pull or import it again.",
  );
}
