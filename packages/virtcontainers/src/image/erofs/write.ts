import type { SpoolFile } from "../spool.ts";
import type { DirectoryNode, ImageNode } from "../tree/node.ts";
import { encodeBlock, sortedNames, splitNames } from "./directory.ts";
import {
  blockBytes,
  dataInline,
  dataPlain,
  encodeDevice,
  encodeInode,
  encodeSuperblock,
  type RawInode,
  slotBytes,
} from "./format.ts";
import type { ImagePlan, PlannedInode } from "./plan.ts";
import { xattrCount } from "./xattr.ts";

/** Takes the image's bytes from front to back. */
export interface ImageSink {
  readonly position: number;
  write(bytes: Buffer): Promise<void>;
  /** Writes zeros up to an offset. */
  zeroTo(offset: number): Promise<void>;
}

const kindBits: Readonly<Record<ImageNode["kind"], number>> = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
};

/** Writes a planned image: the same tree always gives the same bytes. */
export async function writeImage(
  plan: ImagePlan,
  spools: readonly SpoolFile[],
  uuid: Buffer,
  sink: ImageSink,
): Promise<void> {
  const [root] = plan.inodes;
  const rootNid = (root?.offset ?? 0) / slotBytes;
  const blocks = plan.totalBytes / blockBytes;
  await sink.write(encodeSuperblock({ rootNid, inodes: plan.inodes.length, blocks, uuid }));
  for (const inode of plan.inodes) {
    await sink.zeroTo(inode.offset);
    await sink.write(encodeInode(rawInode(inode)));
    await sink.write(inode.xattrs);
    if (inode.inline) await writeContent(plan, inode, spools, sink);
  }
  for (const files of [false, true]) {
    for (const inode of plan.inodes) {
      if (inode.firstBlock === 0 || (inode.node.kind === "file") !== files) continue;
      await sink.zeroTo(inode.firstBlock * blockBytes);
      await writeContent(plan, inode, spools, sink);
    }
  }
  await sink.zeroTo(plan.totalBytes);
}

function rawInode(inode: PlannedInode): RawInode {
  const { node } = inode;
  const device = node.kind === "character" || node.kind === "block";
  return {
    layout: inode.inline ? dataInline : dataPlain,
    xattrCount: xattrCount(inode.xattrs.length),
    mode: kindBits[node.kind] | node.mode,
    size: inode.size,
    union: device ? encodeDevice(node.major, node.minor) : inode.firstBlock,
    number: inode.number,
    uid: node.uid,
    gid: node.gid,
    mtime: node.mtime,
    links: inode.links,
  };
}

async function writeContent(
  plan: ImagePlan,
  inode: PlannedInode,
  spools: readonly SpoolFile[],
  sink: ImageSink,
): Promise<void> {
  const { node } = inode;
  if (node.kind === "symlink") return sink.write(Buffer.from(node.target, "latin1"));
  if (node.kind === "directory") return writeDirectory(plan, node, inode.parent ?? node, sink);
  if (node.kind !== "file") return;
  const spool = spools[node.data.spool];
  if (!spool) throw new RangeError(`there is no spool ${node.data.spool}`);
  for await (const part of spool.read(node.data.offset, node.data.size)) await sink.write(part);
}

async function writeDirectory(
  plan: ImagePlan,
  directory: DirectoryNode,
  parent: DirectoryNode,
  sink: ImageSink,
): Promise<void> {
  const start = sink.position;
  const lookup = (name: string) => {
    const node =
      name === "." ? directory : name === ".." ? parent : directory.children.get(name)?.node;
    const planned = node && plan.byNode.get(node);
    if (!planned) throw new RangeError("a name of the tree was not planned");
    return { nid: planned.offset / slotBytes, kind: planned.node.kind };
  };
  for (const [index, names] of splitNames(sortedNames(directory)).entries()) {
    await sink.zeroTo(start + index * blockBytes);
    await sink.write(encodeBlock(names, lookup));
  }
}
