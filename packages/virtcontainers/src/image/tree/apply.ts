import { invalidImage } from "../failure.ts";
import type { Budget } from "../limits.ts";
import { shown, type TarEntry } from "../tar/read.ts";
import type { DirectoryNode, FileData, ImageNode } from "./node.ts";
import { components, findDirectory } from "./path.ts";
import { hide, hideAll, type Mark, markOf } from "./whiteout.ts";

/** A tar entry whose content has been spooled. */
export interface SpooledEntry extends Omit<TarEntry, "body"> {
  data: FileData | undefined;
}

const maxId = 0xffff_fffe;
const maxSeconds = 2 ** 40;

/**
 * Applies one entry of layer number `layer` to the tree, as if it were unpacked over the layers below.
 * IMAGE_INVALID naming the entry if it would leave the root or can't be applied, or beyond the budget.
 */
export function applyEntry(
  root: DirectoryNode,
  entry: SpooledEntry,
  layer: number,
  budget: Budget,
): void {
  const parts = components(entry.path, entry.path);
  const name = parts.pop();
  if (name === undefined) {
    if (entry.type === "directory") Object.assign(root, attributes(entry));
    return;
  }
  if (parts.some((part) => markOf(part).kind === "ignored")) return;
  if (parts.some((part) => markOf(part).kind !== "none")) {
    throw invalidImage(`the archive's entry ${shown(entry.path)} lies below a whiteout`);
  }
  const mark = markOf(name);
  if (mark.kind === "ignored") return;
  if (mark.kind !== "none") {
    applyMark(root, parts, mark, entry, layer, budget);
    return;
  }
  const parent = findDirectory(root, parts, entry.path, budget, { layer });
  if (!parent) return;
  const present = parent.children.get(name)?.node;
  if (entry.type === "directory" && present?.kind === "directory") {
    Object.assign(present, attributes(entry));
    parent.children.set(name, { node: present, layer });
    return;
  }
  const node = entry.type === "hardlink" ? linked(root, entry, budget) : makeNode(entry);
  parent.children.set(name, { node, layer });
}

/** Removes what a whiteout names of the lower layers. */
function applyMark(
  root: DirectoryNode,
  parts: readonly string[],
  mark: Mark,
  entry: SpooledEntry,
  layer: number,
  budget: Budget,
): void {
  const parent = findDirectory(root, parts, entry.path, budget);
  if (!parent) return;
  if (mark.kind === "opaque") hideAll(parent, layer, budget);
  if (mark.kind !== "whiteout") return;
  if (["", ".", ".."].includes(mark.hides)) {
    throw invalidImage(`the archive's entry ${shown(entry.path)} is a whiteout of nothing`);
  }
  hide(parent, mark.hides, layer, budget);
}

/** The node that a hard link names: in this layer or one below, never outside the image. */
function linked(root: DirectoryNode, entry: SpooledEntry, budget: Budget): ImageNode {
  const parts = components(entry.linkTarget, entry.path);
  const name = parts.pop();
  const parent = name === undefined ? undefined : findDirectory(root, parts, entry.path, budget);
  const node = name === undefined ? undefined : parent?.children.get(name)?.node;
  if (!node || node.kind === "directory") {
    const why = node ? "which is a folder" : "which is not in the image";
    throw invalidImage(
      `the archive's entry ${shown(entry.path)} is a hard link to ${shown(entry.linkTarget)}, ${why}`,
    );
  }
  return node;
}

function makeNode(entry: SpooledEntry): ImageNode {
  const inode = attributes(entry);
  switch (entry.type) {
    case "directory":
      return { kind: "directory", ...inode, children: new Map() };
    case "symlink":
      return { kind: "symlink", ...inode, mode: 0o777, target: symlinkTarget(entry) };
    case "character":
    case "block":
      return { kind: entry.type, ...inode, ...deviceNumbers(entry) };
    case "fifo":
      return { kind: "fifo", ...inode };
    default:
      return { kind: "file", ...inode, data: entry.data ?? { spool: 0, offset: 0, size: 0 } };
  }
}

function symlinkTarget(entry: SpooledEntry): string {
  const { linkTarget } = entry;
  if (linkTarget === "" || linkTarget.length > 4095 || linkTarget.includes("\0")) {
    throw invalidImage(
      `the archive's entry ${shown(entry.path)} is a symlink without a valid target`,
    );
  }
  return linkTarget;
}

function deviceNumbers(entry: SpooledEntry): { major: number; minor: number } {
  const { devMajor: major, devMinor: minor } = entry;
  if (major < 0 || major > 0xfff || minor < 0 || minor > 0xf_ffff) {
    throw invalidImage(
      `the archive's entry ${shown(entry.path)} has the device number ${major}:${minor}, which Linux does not have`,
    );
  }
  return { major, minor };
}

function attributes(entry: SpooledEntry) {
  for (const id of [entry.uid, entry.gid]) {
    if (id < 0 || id > maxId) {
      throw invalidImage(`the archive's entry ${shown(entry.path)} has the owner ${id}`);
    }
  }
  const { seconds, nanoseconds } = entry.mtime;
  const known = seconds >= 0 && seconds < maxSeconds;
  return {
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: known ? { seconds, nanoseconds } : { seconds: 0, nanoseconds: 0 },
    xattrs: entry.xattrs,
  };
}
