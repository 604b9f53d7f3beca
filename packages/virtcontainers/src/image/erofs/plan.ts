import { Turns } from "../../turns.ts";
import type { DirectoryNode, ImageNode } from "../tree/node.ts";
import { directoryBytes, sortedNames, splitNames } from "./directory.ts";
import { blockBytes, inodeBytes, slotBytes } from "./format.ts";
import { encodeXattrs } from "./xattr.ts";

/** Where one inode and its content come to lie in the image. */
export interface PlannedInode {
  node: ImageNode;
  /** Byte offset of the inode; a multiple of 32. */
  offset: number;
  number: number;
  links: number;
  size: number;
  xattrs: Buffer;
  /** True if the whole content follows the inode; otherwise it begins at block `firstBlock`. */
  inline: boolean;
  firstBlock: number;
  /** Of a folder: its parent. */
  parent?: DirectoryNode;
}

export interface ImagePlan {
  /** In the order of their offsets. */
  inodes: readonly PlannedInode[];
  byNode: ReadonlyMap<ImageNode, PlannedInode>;
  totalBytes: number;
}

/** Content up to this size is kept beside its inode, which saves a block and a read. */
const maxInlineBytes = 2048;

/** Lays out a tree: superblock, inodes, big folders and long symlinks, then the files' content. */
export async function planImage(root: DirectoryNode, signal?: AbortSignal): Promise<ImagePlan> {
  const turns = new Turns(signal);
  const byNode = new Map<ImageNode, PlannedInode>();
  let offset = blockBytes;
  for (const { node, parent } of walk(root)) {
    if (turns.due) await turns.take();
    const known = byNode.get(node);
    if (known) {
      known.links += 1;
      continue;
    }
    const xattrs = encodeXattrs(node.xattrs);
    const size = contentBytes(node);
    const head = inodeBytes + xattrs.length;
    const inline = size > 0 && head + size <= blockBytes && size <= inlineLimit(node);
    const together = inline ? head + size : inodeBytes;
    if ((offset % blockBytes) + together > blockBytes) offset = align(offset, blockBytes);
    byNode.set(node, {
      node,
      offset,
      number: byNode.size + 1,
      links: node.kind === "directory" ? 2 : 1,
      size,
      xattrs,
      inline,
      firstBlock: 0,
      ...(parent && { parent }),
    });
    const up = parent && byNode.get(parent);
    if (up && node.kind === "directory") up.links += 1;
    offset = align(offset + head + (inline ? size : 0), slotBytes);
  }
  const inodes = [...byNode.values()];
  let block = align(offset, blockBytes) / blockBytes;
  for (const files of [false, true]) {
    for (const inode of inodes) {
      if (inode.inline || inode.size === 0 || (inode.node.kind === "file") !== files) continue;
      inode.firstBlock = block;
      block += Math.ceil(inode.size / blockBytes);
    }
  }
  return { inodes, byNode, totalBytes: block * blockBytes };
}

/** Every link of the tree, a folder's entries together, folders before what is in them. */
function* walk(
  root: DirectoryNode,
): Generator<{ node: ImageNode; parent: DirectoryNode | undefined }> {
  yield { node: root, parent: undefined };
  const pending: DirectoryNode[] = [root];
  for (let folder = pending.pop(); folder; folder = pending.pop()) {
    const below: DirectoryNode[] = [];
    for (const name of sortedNames(folder)) {
      const node = folder.children.get(name)?.node;
      if (!node) continue;
      yield { node, parent: folder };
      if (node.kind === "directory") below.push(node);
    }
    for (const folder of below.reverse()) pending.push(folder);
  }
}

function contentBytes(node: ImageNode): number {
  if (node.kind === "file") return node.data.size;
  if (node.kind === "symlink") return node.target.length;
  if (node.kind === "directory") return directoryBytes(splitNames(sortedNames(node)));
  return 0;
}

function inlineLimit(node: ImageNode): number {
  return node.kind === "symlink" ? blockBytes : maxInlineBytes;
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
