import type { Readable } from "node:stream";
import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { flag, id, integer } from "../validate.ts";
import { callFields } from "./call.ts";

/** Whose file it is. */
export interface FileCallOptions extends CallOptions {
  /** Default: `main`, else the sandbox's first container. */
  container?: string | undefined;
}

/** How a file is read whole. */
export interface FileReadOptions extends FileCallOptions {
  /** A longer one is NO_SPACE; default 64 MiB. */
  maxBytes?: number | undefined;
}

/** How files and folders are made. */
export interface FileMakeOptions extends FileCallOptions {
  /** Permission bits; default 0o644 for files, 0o755 for folders. */
  mode?: number | undefined;
  /** Of the owner; default 0. */
  uid?: number | undefined;
  /** Of the group; default 0. */
  gid?: number | undefined;
}

/** What of a folder is listed. */
export interface FileListOptions extends FileCallOptions {
  /** What is in the folders below it, too. Default false. */
  recursive?: boolean | undefined;
  /** More are NO_SPACE; default 100,000. */
  maxEntries?: number | undefined;
}

/** How something is removed. */
export interface FileRemoveOptions extends FileCallOptions {
  /** A folder with all that is in it. Default false. */
  recursive?: boolean | undefined;
  /** Nothing there is no error. Default false. */
  force?: boolean | undefined;
}

/** What a link at the end of a path is taken for. */
export interface FileStatOptions extends FileCallOptions {
  /** What a link leads to, and not the link. Default true. */
  followLinks?: boolean | undefined;
}

/** What of the changes of files is told. */
export interface FileWatchOptions extends FileCallOptions {
  /** What changes in the folders below it, too, also in those that come later. Default false. */
  recursive?: boolean | undefined;
}

/** What can be written to a file: a text is UTF-8. */
export type FileContent =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | Readable
  | AsyncIterable<Uint8Array | string>;

const callEntries = { container: v.optional(id), ...callFields };

export const FileCallOptionsSchema = v.strictObject(callEntries);

export const FileReadOptionsSchema = v.strictObject({
  maxBytes: v.optional(integer(0, Number.MAX_SAFE_INTEGER, "bytes")),
  ...callEntries,
});

export const FileMakeOptionsSchema = v.strictObject({
  mode: v.optional(integer(0, 0o7777)),
  uid: v.optional(integer(0, 0xffff_fffe)),
  gid: v.optional(integer(0, 0xffff_fffe)),
  ...callEntries,
});

export const FileListOptionsSchema = v.strictObject({
  recursive: flag,
  maxEntries: v.optional(integer(1, 10_000_000)),
  ...callEntries,
});

export const FileRemoveOptionsSchema = v.strictObject({
  recursive: flag,
  force: flag,
  ...callEntries,
});

export const FileStatOptionsSchema = v.strictObject({ followLinks: flag, ...callEntries });

export const FileWatchOptionsSchema = v.strictObject({ recursive: flag, ...callEntries });
