import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pinnedPath } from "../../host/files.ts";
import { digestHex, digestOf } from "../digest.ts";
import { errorCode, invalidImage } from "../failure.ts";
import { maxDocumentBytes } from "../limits.ts";
import type { Descriptor } from "../manifest.ts";
import { FileBytes } from "../tar/bytes.ts";
import { readTar, shown } from "../tar/read.ts";

/** Files by name, in a folder or a tar archive. */
export interface Archive {
  /** True if there is a file of that name. */
  has(name: string): Promise<boolean>;
  /** IMAGE_INVALID if it is missing or no plain file. */
  open(name: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Reads a whole document of bounded size. */
export async function readDocument(
  archive: Archive,
  name: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of archive.open(name, signal)) {
    parts.push(Uint8Array.from(part));
    size += part.length;
    if (size > maxDocumentBytes) {
      throw invalidImage(`${shown(name)} is larger than ${maxDocumentBytes} bytes`);
    }
  }
  return Buffer.concat(parts);
}

/** Checks a document against its descriptor. IMAGE_INVALID. */
export function checkDocument(bytes: Buffer, wanted: Descriptor, what: string): Buffer {
  const actual = digestOf(bytes);
  if (actual !== wanted.digest) {
    throw invalidImage(`${what} is damaged: its digest is ${actual}, not ${wanted.digest}`);
  }
  if (bytes.length !== wanted.size) {
    throw invalidImage(`${what} has ${bytes.length} bytes, but should have ${wanted.size}`);
  }
  return bytes;
}

/** Where a blob stands in an OCI layout. */
export function blobName(digest: string): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

const chunkBytes = 256 * 1024;

async function* readRange(
  file: FileHandle,
  start: number,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < start + size; ) {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, start + size - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw invalidImage("the file was cut while it was read");
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Opens a plain file below a folder, without following any symlink on the way or leaving the folder. */
async function openBelow(folder: string, name: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const last = parts.pop();
  if (last === undefined || [...parts, last].includes("..") || name.includes("\0")) {
    throw invalidImage(`${shown(name)} is not a path within ${folder}`);
  }
  let below = await open(folder, O_RDONLY | O_DIRECTORY);
  try {
    for (const part of parts) {
      const next = await open(pinnedPath(below.fd, part), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      await below.close();
      below = next;
    }
    const file = await open(pinnedPath(below.fd, last), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw invalidImage(`${shown(name)} in ${folder} is not a plain file`);
  } finally {
    await below.close();
  }
}

/** The files below a folder; symlinks are not followed. */
export function folderArchive(folder: string): Archive {
  const openFile = (name: string): Promise<FileHandle> => openBelow(folder, name);
  return {
    async has(name) {
      const file = await openFile(name).catch(() => undefined);
      await file?.close();
      return file !== undefined;
    },
    async *open(name, signal) {
      const file = await openFile(name).catch((error: unknown) => {
        if (!["ENOENT", "ELOOP", "ENOTDIR", "ENAMETOOLONG"].includes(errorCode(error) ?? ""))
          throw error;
        throw invalidImage(`${folder} has no file ${shown(name)}`, undefined, error);
      });
      try {
        yield* readRange(file, 0, (await file.stat()).size, signal);
      } finally {
        await file.close();
      }
    },
  };
}

/** More entries than any image archive has; beyond, the tar is a root file system. */
const maxArchiveEntries = 20_000;

/** The files of an uncompressed tar, found by one pass over its headers. The file stays the caller's. */
export async function tarArchive(
  file: FileHandle,
  path: string,
  signal: AbortSignal,
): Promise<Archive> {
  const { size } = await file.stat();
  const bytes = new FileBytes(file, size);
  const places = new Map<string, { start: number; size: number }>();
  let count = 0;
  for await (const entry of readTar(bytes, { strict: false, signal })) {
    count += 1;
    if (count > maxArchiveEntries) break;
    const name = entry.path.replace(/^(?:\.?\/)+/, "");
    if (entry.type === "file") places.set(name, { start: bytes.position, size: entry.size });
    else if (entry.type === "symlink" || entry.type === "hardlink") {
      const target = resolveLink(name, entry.linkTarget, entry.type);
      const place = target === undefined ? undefined : places.get(target);
      if (place) places.set(name, place);
    }
  }
  return {
    async has(name) {
      return places.has(name);
    },
    async *open(name, signal) {
      const place = places.get(name);
      if (!place) throw invalidImage(`${path} has no file ${shown(name)}`);
      yield* readRange(file, place.start, place.size, signal);
    },
  };
}

/** Old `docker save` links equal layers to each other; undefined for links that leave the archive. */
function resolveLink(name: string, target: string, type: "symlink" | "hardlink") {
  const base = type === "symlink" && !target.startsWith("/") ? name.split("/").slice(0, -1) : [];
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") base.push(part);
    else if (base.pop() === undefined) return undefined;
  }
  return base.join("/");
}
