import type { CopyLimits } from "../config/copy.ts";
import { invalidArgument, printable, VirtError } from "../errors.ts";

/** One member of a tree that is copied; folders come before what is in them. */
export interface TreeEntry {
  kind: "folder" | "file" | "link";
  /** Names from the root of the copied tree down; none for the root itself. */
  path: readonly string[];
  /** Permission bits, set-uid and set-gid among them. */
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  /** Of a file, as it says itself; 0 may mean that it does not know, as in /proc. */
  size: number;
  /** Of a link. */
  target: string;
  /** The content of a file, to be read before the next entry is asked for. */
  body(): AsyncIterable<Uint8Array>;
}

/** A further name of a file that came before in a tar stream. */
export interface HardLink {
  kind: "hard link";
  path: readonly string[];
  /** The names of the file. */
  file: readonly string[];
  /** What the file is, where it is known. */
  of?: Pick<TreeEntry, "mode" | "uid" | "gid" | "mtimeMs">;
}

/** What was left out of a copy. */
export interface SkippedEntry {
  path: string;
  reason: string;
}

/** What a copy has done. */
export interface CopyResult {
  files: number;
  folders: number;
  links: number;
  /** Of the files' content. */
  bytes: number;
  /** Devices, sockets and pipes; links that lead out of the copied tree; names that are not UTF-8. At most 1000 are told. */
  skipped: SkippedEntry[];
}

export const defaultLimits = { maxBytes: 16 * 1024 ** 3, maxEntries: 1_000_000 } as const;

/** Deeper trees are refused. */
export const maxDepth = 256;
/** The length of one piece of a file on its way. */
export const pieceBytes = 1024 * 1024;
const maxSkipped = 1000;
/** What is told of a path: PATH_MAX of Linux. */
const longestPath = 4096;

/** Counts what a copy takes, and ends it where that is too much. */
export class Tally implements CopyResult {
  files = 0;
  folders = 0;
  links = 0;
  bytes = 0;
  readonly skipped: SkippedEntry[] = [];
  readonly #limits: Required<{ [K in keyof CopyLimits]: number }>;
  #entries = 0;

  constructor(limits: CopyLimits = {}) {
    this.#limits = {
      maxBytes: limits.maxBytes ?? defaultLimits.maxBytes,
      maxEntries: limits.maxEntries ?? defaultLimits.maxEntries,
    };
  }

  /** NO_SPACE when there are too many. */
  add(entry: Pick<TreeEntry | HardLink, "kind" | "path">): void {
    this.#count(entry.path.length);
    if (entry.kind === "folder") this.folders++;
    else if (entry.kind === "link") this.links++;
    else this.files++;
  }

  addBytes(count: number): void {
    this.bytes += count;
    const { maxBytes } = this.#limits;
    if (this.bytes > maxBytes) throw tooMuch("maxBytes", `more than ${maxBytes} bytes`);
  }

  skip(path: readonly string[], reason: string): void {
    this.#count(path.length);
    if (this.skipped.length < maxSkipped) {
      this.skipped.push({ path: printable(path.join("/").slice(0, longestPath)), reason });
    }
  }

  /** INVALID_ARGUMENT for `field`, which has said what to copy, where all of it was left out. */
  result(field: string, value: string): CopyResult {
    const { files, folders, links, bytes, skipped } = this;
    const [first] = skipped;
    if (files + folders + links === 0 && first !== undefined) {
      const what = first.path === "" ? "it" : first.path;
      throw invalidArgument(
        field,
        value,
        `nothing was copied: ${what} is left out: ${first.reason}`,
      );
    }
    return { files, folders, links, bytes, skipped };
  }

  #count(depth: number): void {
    const { maxEntries } = this.#limits;
    if (++this.#entries > maxEntries)
      throw tooMuch("maxEntries", `more than ${maxEntries} entries`);
    if (depth > maxDepth) throw tooMuch("maxEntries", `a tree of more than ${maxDepth} levels`);
  }
}

function tooMuch(field: string, what: string): VirtError {
  return new VirtError("NO_SPACE", `the copy is ended: it has ${what}`, {
    field: `options.${field}`,
    hint: "What was copied so far stays. Copy less, or raise the limit.",
  });
}

/** A name of one folder's entry that can't lead anywhere else. */
export function isPlainName(name: string): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    !/[/\u0000]/.test(name) &&
    Buffer.byteLength(name) <= 255
  );
}

/** A path of a caller's, as its names. */
export function absoluteParts(path: string, field: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/") && parts.every(isPlainName)) return parts;
  throw invalidArgument(field, path, "it must be an absolute path without ..");
}

export const noBody = async function* (): AsyncGenerator<Uint8Array> {};

/** Of what has no content. */
export const noSpan = { offset: 0, data: new Uint8Array(), part: "" } as const;
