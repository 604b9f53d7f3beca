import { createHash } from "node:crypto";
import { invalidImage } from "../failure.ts";
import { decodeDevice } from "../erofs/format.ts";
import { ErofsTree, type Inode } from "../erofs/read.ts";
import { maxDepth } from "../limits.ts";
import { encodeMember, type MemberHead, tarEnd, tarPadding } from "../tar/encode.ts";

/** The one layer that an image is given away as. */
export interface PackedLayer {
  /** Of the tar. */
  diffId: string;
  size: number;
}

/** By the file type of a mode. */
const types = new Map<number, MemberHead["type"]>([
  [0o040000, "5"],
  [0o100000, "0"],
  [0o120000, "2"],
  [0o020000, "3"],
  [0o060000, "4"],
  [0o010000, "6"],
]);

/**
 * The root file system of an image as one layer (tar, OCI image spec), with owners, times, devices, hard links and
 * attributes; the same image always gives the same bytes. IMAGE_INVALID where the packed image is damaged.
 */
export async function* layerOf(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  await using tree = await ErofsTree.open(path);
  const links = new Map<number, string>();
  for await (const { path: name, node } of walk(tree, tree.root, "", 0)) {
    signal.throwIfAborted();
    const first = links.get(node.nid);
    yield await headOf(tree, name, node, first);
    if (first !== undefined || node.kind !== "file") continue;
    if (node.head.links > 1) links.set(node.nid, name);
    for await (const piece of tree.content(node)) {
      signal.throwIfAborted();
      yield piece;
    }
    yield tarPadding(node.size);
  }
  yield tarEnd;
}

/** Reads a layer once to know what it will be. */
export async function measureLayer(path: string, signal: AbortSignal): Promise<PackedLayer> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const part of layerOf(path, signal)) {
    hash.update(part);
    size += part.length;
  }
  return { diffId: `sha256:${hash.digest("hex")}`, size };
}

/** All that is below a folder, folders before what is in them. */
async function* walk(
  tree: ErofsTree,
  folder: Inode,
  below: string,
  depth: number,
): AsyncGenerator<{ path: string; node: Inode }> {
  if (depth > maxDepth) throw invalidImage("the packed image has folders within each other without end");
  if (depth === 0) yield { path: "./", node: folder };
  for await (const { name, node } of tree.list(folder)) {
    const path = below + name;
    yield { path: node.kind === "folder" ? `${path}/` : path, node };
    if (node.kind === "folder") yield* walk(tree, node, `${path}/`, depth + 1);
  }
}

async function headOf(
  tree: ErofsTree,
  path: string,
  node: Inode,
  first: string | undefined,
): Promise<Buffer> {
  const { mode, uid, gid, mtime, union } = node.head;
  const type = first === undefined ? types.get(mode & 0o170000) : "1";
  if (type === undefined) throw invalidImage(`the packed image has a node of mode ${mode.toString(8)}`);
  const target = type === "2" ? await tree.read(node, node.size) : Buffer.from(first ?? "", "latin1");
  const device = type === "3" || type === "4" ? decodeDevice(union) : undefined;
  return encodeMember({
    path: Buffer.from(path, "latin1"),
    linkPath: target,
    type,
    mode: mode & 0o7777,
    ...{ uid, gid, mtime },
    size: type === "0" ? node.size : 0,
    ...(device && { devMajor: device.major, devMinor: device.minor }),
    xattrs: type === "1" ? new Map() : await tree.xattrs(node),
  });
}
