import { printable } from "../../errors.ts";
import { invalidImage } from "../failure.ts";
import { maxPathBytes } from "../limits.ts";
import type { ByteReader } from "./bytes.ts";
import { blockBytes, parseHeader, type TarHeader } from "./header.ts";
import { decodePax, paxInteger, paxTime, type Timestamp } from "./pax.ts";

export type TarType =
  | "file"
  | "hardlink"
  | "symlink"
  | "character"
  | "block"
  | "directory"
  | "fifo";

/** One member of a tar archive; paths are bytes as Latin-1 text, not yet checked. */
export interface TarEntry {
  type: TarType;
  path: string;
  linkTarget: string;
  /** Permission bits with set-uid, set-gid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  mtime: Timestamp;
  devMajor: number;
  devMinor: number;
  xattrs: ReadonlyMap<string, Buffer>;
  /** Bytes of content; 0 for all but files. */
  size: number;
  /** The content, to be read before the next entry is asked for; what is left is passed over. */
  body(): AsyncGenerator<Buffer>;
}

const types: Readonly<Record<string, TarType>> = {
  "0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/** Most bytes of PAX headers and long names before an entry; xattrs of an inode take at most 64 KiB in Linux. */
const maxExtensionBytes = 1024 * 1024;
/** The same for the PAX headers that hold for all entries behind them. */
const maxGlobalBytes = 64 * 1024;
const bodyChunk = 256 * 1024;
const none: ReadonlyMap<string, Buffer> = new Map();
const xattrPrefix = "SCHILY.xattr.";

/**
 * Reads a tar archive (V7, ustar, PAX, GNU long names) entry by entry. IMAGE_INVALID if it is damaged,
 * cut, or holds a kind of entry that a root file system can't have. With `strict`, the end marker must
 * be there; without, the data's digest vouches for its end. The signal ends it between headers.
 */
export async function* readTar(
  bytes: ByteReader,
  options: { strict: boolean; signal?: AbortSignal },
): AsyncGenerator<TarEntry> {
  let global = new Map<string, Buffer>();
  let local = new Map<string, Buffer>();
  let extensionBytes = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const block = await bytes.read(blockBytes);
    if (block.length === 0 && !options.strict) return;
    if (block.length < blockBytes) throw cut();
    const header = parseHeader(block);
    if (!header) return;
    if ("xLK".includes(header.type)) {
      extensionBytes += header.size;
      if (extensionBytes > maxExtensionBytes) throw tooMuch(extensionBytes);
    }
    if (header.type === "x") local = new Map([...local, ...(await pax(bytes, header))]);
    else if (header.type === "g") {
      global = new Map([...global, ...(await pax(bytes, header))]);
      const kept = [...global].reduce((sum, [key, value]) => sum + key.length + value.length, 0);
      if (kept > maxGlobalBytes) throw tooMuch(kept);
    } else if (header.type === "L") local.set("path", await longName(bytes, header));
    else if (header.type === "K") local.set("linkpath", await longName(bytes, header));
    else if (header.type === "V") await pass(bytes, padded(header.size));
    else {
      const content = { left: 0 };
      const extra = global.size + local.size === 0 ? none : new Map([...global, ...local]);
      const entry = toEntry(header, extra, (size) => {
        content.left = size;
        return () => readBody(bytes, content);
      });
      if (local.size > 0) local = new Map();
      extensionBytes = 0;
      const total = padded(entry.size);
      yield entry;
      await pass(bytes, content.left + (total - entry.size));
    }
  }
}

async function* readBody(bytes: ByteReader, content: { left: number }): AsyncGenerator<Buffer> {
  while (content.left > 0) {
    const part = await bytes.some(Math.min(content.left, bodyChunk));
    if (part.length === 0) throw cut();
    content.left -= part.length;
    yield part;
  }
}

function toEntry(
  header: TarHeader,
  extra: ReadonlyMap<string, Buffer>,
  body: (size: number) => () => AsyncGenerator<Buffer>,
): TarEntry {
  const path = extra.get("path")?.toString("latin1") ?? header.name;
  const linkTarget = extra.get("linkpath")?.toString("latin1") ?? header.linkName;
  const long = [path, linkTarget].find((each) => each.length > maxPathBytes);
  if (long !== undefined) {
    throw invalidImage(`the archive's entry ${shown(path)} has a path of ${long.length} bytes`);
  }
  let type = types[header.type];
  if (!type) {
    throw invalidImage(
      `the archive's entry ${shown(path)} is of the unknown kind ${JSON.stringify(header.type)}`,
    );
  }
  const integer = (key: string, value: number): number => {
    const record = extra.get(key);
    return record ? paxInteger(key, record) : value;
  };
  const mtime = extra.get("mtime");
  if ([...extra.keys()].some((key) => key.startsWith("GNU.sparse."))) {
    throw invalidImage(
      `the archive's entry ${shown(path)} is a sparse file in GNU's form`,
      "Make the archive without tar's option --sparse.",
    );
  }
  if (type === "file" && path.endsWith("/")) type = "directory";
  const size = type === "file" ? integer("size", header.size) : 0;
  if (size < 0) throw invalidImage(`the archive's entry ${shown(path)} has a negative size`);
  return {
    type,
    path,
    linkTarget,
    mode: header.mode & 0o7777,
    uid: integer("uid", header.uid),
    gid: integer("gid", header.gid),
    mtime: mtime ? paxTime("mtime", mtime) : { seconds: header.mtime, nanoseconds: 0 },
    devMajor: header.devMajor,
    devMinor: header.devMinor,
    xattrs: xattrsOf(extra),
    size,
    body: body(size),
  };
}

/** Most entries have no attributes; they share one empty map. */
function xattrsOf(extra: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const found = [...extra].filter(([key]) => key.startsWith(xattrPrefix));
  if (found.length === 0) return none;
  return new Map(found.map(([key, value]) => [key.slice(xattrPrefix.length), value]));
}

async function pax(bytes: ByteReader, header: TarHeader): Promise<Map<string, Buffer>> {
  return decodePax(await extension(bytes, header));
}

async function longName(bytes: ByteReader, header: TarHeader): Promise<Buffer> {
  const value = await extension(bytes, header);
  const end = value.indexOf(0);
  return Buffer.from(end === -1 ? value : value.subarray(0, end));
}

async function extension(bytes: ByteReader, header: TarHeader): Promise<Buffer> {
  if (header.size < 0 || header.size > maxExtensionBytes) throw tooMuch(header.size);
  const total = padded(header.size);
  const body = await bytes.read(total);
  if (body.length < total) throw cut();
  return body.subarray(0, header.size);
}

async function pass(bytes: ByteReader, count: number): Promise<void> {
  if (count > 0 && (await bytes.skip(count)) < count) throw cut();
}

function padded(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

function tooMuch(bytes: number) {
  return invalidImage(`the tar archive has extended headers of ${bytes} bytes`);
}

function cut() {
  return invalidImage("the tar archive ends too early", "The file is cut: copy or make it again.");
}

/** A path of an archive as a message shows it. */
export function shown(path: string): string {
  const text = Buffer.from(path.slice(0, maxPathBytes), "latin1").toString("utf8");
  return printable(JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text));
}
