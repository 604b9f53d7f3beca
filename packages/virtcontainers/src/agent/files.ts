/** The feature that an agent names if files can be copied into and out of containers. */
export const copyFeature = "copy";
/** The feature that an agent names if a file that it is given has its name only when it is whole. */
export const partsFeature = "parts";
/** The feature that an agent names if what CopyFile has made can be taken away again. */
export const removeFeature = "remove";

/** The feature that an agent names if it renames and removes what stands at a path of a container, and reads by links. */
export const pathsFeature = "paths";

/** The feature that an agent names if it tells what changes of a container's files. */
export const watchFeature = "watch";

/** One change of a container's files, as the guest tells it. */
export interface GuestChange {
  kind: "created" | "modified" | "attributes" | "removed" | "renamed" | "overflow";
  /** As bytes: not every name is a text. */
  path: Buffer;
  /** Of what was renamed. */
  from: Buffer;
  isFolder: boolean;
}

/** What stands at a path of a container. */
export interface GuestFile {
  /** In its folder, as bytes: not every name is a text. */
  name: Buffer;
  /** `other`: a device, socket or pipe, or a link whose target is no text. */
  kind: "file" | "folder" | "link" | "other";
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  size: number;
  target: string;
}

/** One folder or link, or one piece of a file, for a container. */
export interface GuestPiece extends Omit<GuestFile, "name" | "kind"> {
  path: string;
  kind: "file" | "folder" | "link" | "hard link";
  /** Of the whole file as far as it is known: the piece that reaches it is the last. */
  size: number;
  /** Of a link; of a hard link the path of the file. */
  target: string;
  offset: number;
  data: Uint8Array;
  /** Names what there is of a file until it is whole, and so has its name: 16 hex digits. */
  part: string;
}

/** A file that all containers of a sandbox can be given. */
export interface SandboxFile {
  name: string;
  text: string;
}

/** The calls about files of a container; paths are absolute and resolved in its root. */
export interface AgentFiles {
  /** Undefined if there is nothing; with `follow`, what a link at the end leads to. */
  statPath(
    containerId: string,
    path: string,
    follow: boolean,
    signal: AbortSignal,
  ): Promise<GuestFile | undefined>;
  /** The next entries of a folder after a name, in the order of their bytes, at most `limit`; none: that was all. */
  listFolder(
    containerId: string,
    path: string,
    page: { after: Uint8Array; limit: number },
    signal: AbortSignal,
  ): Promise<GuestFile[]>;
  /** At most `length` bytes; empty at the end. */
  readFile(
    containerId: string,
    path: string,
    piece: { offset: number; length: number; follow?: boolean },
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  putFile(containerId: string, piece: GuestPiece, signal: AbortSignal): Promise<void>;
  /** Takes away what was put of a file that is not whole. */
  dropFile(containerId: string, path: string, part: string, signal: AbortSignal): Promise<void>;
  /** In one step; a file or link that is there is replaced, nothing else. FILE_NOT_FOUND, ALREADY_EXISTS. */
  renamePath(containerId: string, from: string, to: string, signal: AbortSignal): Promise<void>;
  /** FILE_NOT_FOUND; INVALID_ARGUMENT for a folder with something in it that is not `recursive`. */
  removePath(
    containerId: string,
    path: string,
    recursive: boolean,
    signal: AbortSignal,
  ): Promise<void>;
  /** From then on changes are kept for readWatch. FILE_NOT_FOUND. */
  openWatch(
    containerId: string,
    watchId: string,
    what: { path: string; recursive: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /** What has changed; waits for it, but may come without any. */
  readWatch(
    containerId: string,
    watchId: string,
    signal: AbortSignal,
  ): Promise<{ changes: GuestChange[]; ended: boolean }>;
  closeWatch(containerId: string, watchId: string, signal: AbortSignal): Promise<void>;
}
