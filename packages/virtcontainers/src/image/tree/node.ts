import type { Timestamp } from "../tar/pax.ts";

/** Where the content of a file lies until it is packed. */
export interface FileData {
  /** Number of the spool file. */
  spool: number;
  offset: number;
  size: number;
}

interface Inode {
  /** Permission bits with set-uid, set-gid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  mtime: Timestamp;
  xattrs: ReadonlyMap<string, Buffer>;
}

export interface DirectoryNode extends Inode {
  kind: "directory";
  children: Map<string, Link>;
}
export interface FileNode extends Inode {
  kind: "file";
  data: FileData;
}
export interface SymlinkNode extends Inode {
  kind: "symlink";
  target: string;
}
export interface DeviceNode extends Inode {
  kind: "character" | "block";
  major: number;
  minor: number;
}
export interface FifoNode extends Inode {
  kind: "fifo";
}

/** One inode of a root file system in memory; hard links are several links to the same node. */
export type ImageNode = DirectoryNode | FileNode | SymlinkNode | DeviceNode | FifoNode;

/** A name in a folder, with the number of the layer that last set it. */
export interface Link {
  node: ImageNode;
  layer: number;
}

const none: ReadonlyMap<string, Buffer> = new Map();

/** A folder that no entry describes: owned by root, 0755, from the epoch. */
export function impliedDirectory(): DirectoryNode {
  return {
    kind: "directory",
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    xattrs: none,
    children: new Map(),
  };
}
