import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { VirtError } from "../../errors.ts";
import { decompressed } from "../build/decompress.ts";
import { errorCode, invalidImage } from "../failure.ts";
import { Budget } from "../limits.ts";
import { SpoolFile } from "../spool.ts";
import type { StoreContext } from "../store/context.ts";
import type { Staging } from "../store/staging.ts";
import { parseHeader, blockBytes as tarBlockBytes } from "../tar/header.ts";
import { type Archive, folderArchive, tarArchive } from "./blobs.ts";
import { packFolder } from "./rootfs-folder.ts";

/** What is imported, seen as files and as a stream. */
export interface Input extends AsyncDisposable {
  /** The input as a set of files. */
  readonly archive: Archive;
  /** The input as one tar stream of a root file system. */
  stream(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Opens a folder, a tar, a packed tar, a pipe, or a stream of any of these but the first. IMAGE_INVALID, INVALID_ARGUMENT. */
export async function openInput(
  context: StoreContext,
  staging: Staging,
  from: string | AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Input> {
  if (typeof from === "string") return openPath(context, staging, from, signal);
  const file = await unpackInput(context, from, join(staging.path, "input.tar"), signal);
  return openTar(file, "the stream", signal);
}

async function openPath(
  context: StoreContext,
  staging: Staging,
  path: string,
  signal: AbortSignal,
): Promise<Input> {
  const absolute = resolve(path);
  const info = await stat(absolute).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  let tarPath = absolute;
  if (info.isDirectory()) {
    const archive = folderArchive(absolute);
    const isImage = (await archive.has("oci-layout")) || (await archive.has("manifest.json"));
    if (isImage) return input(archive, undefined);
    tarPath = await packFolder(context, absolute, join(staging.path, "rootfs.tar"), signal);
  }
  const file = await openFile(tarPath, path);
  if (info.isDirectory() || (info.isFile() && !(await isCompressed(file)))) {
    return openTar(file, path, signal);
  }
  try {
    const target = join(staging.path, "input.tar");
    const plain = await unpackInput(context, fileChunks(file), target, signal);
    return openTar(plain, path, signal);
  } finally {
    await file.close();
  }
}

/** The file is closed with what is given, or at once where it is no archive. */
async function openTar(file: FileHandle, path: string, signal: AbortSignal): Promise<Input> {
  try {
    if ((await file.stat()).size === 0) throw invalidImage(`${path} is empty`);
    if (!(await isTar(file))) {
      throw invalidImage(
        `${path} is no archive of an image or a root file system`,
        "Give an OCI layout (folder or tar), what `docker save` writes, or a tar of a root file system.",
      );
    }
    return input(await tarArchive(file, path, signal), file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function input(archive: Archive, file: FileHandle | undefined): Input {
  return {
    archive,
    async *stream(signal) {
      if (!file) throw new TypeError("an image layout has no stream of its own");
      for await (const chunk of fileChunks(file)) {
        signal.throwIfAborted();
        yield chunk;
      }
    },
    async [Symbol.asyncDispose]() {
      await file?.close();
    },
  };
}

/** Writes a compressed file, or one that can't be read twice, into the staging as a plain tar. */
async function unpackInput(
  context: StoreContext,
  chunks: AsyncIterable<Uint8Array>,
  target: string,
  signal: AbortSignal,
): Promise<FileHandle> {
  const budget = new Budget(context.limits);
  await using spool = await SpoolFile.create(target);
  try {
    for await (const part of decompressed(chunks, signal)) {
      signal.throwIfAborted();
      budget.takeBytes(part.length);
      await spool.write(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
    }
  } catch (error) {
    if (!errorCode(error)?.startsWith("Z_")) throw error;
    throw invalidImage("the archive's gzip data is damaged or cut", undefined, error);
  }
  await spool.finish();
  return open(target, "r");
}

async function* fileChunks(file: FileHandle): AsyncGenerator<Uint8Array> {
  const seekable = (await file.stat()).isFile();
  for (let at = 0; ; ) {
    const buffer = Buffer.allocUnsafe(256 * 1024);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, seekable ? at : null);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function isCompressed(file: FileHandle): Promise<boolean> {
  const head = Buffer.alloc(8);
  await file.read(head, 0, head.length, 0);
  return /^1f8b|^28b52ffd|^5.2a4d18|^425a68|^fd377a58|^04224d18/.test(head.toString("hex"));
}

/** True if the first header of a tar is there, or the zeros of an empty one. */
async function isTar(file: FileHandle): Promise<boolean> {
  const head = Buffer.alloc(tarBlockBytes);
  await file.read(head, 0, head.length, 0);
  try {
    parseHeader(head);
    return true;
  } catch {
    return false;
  }
}

async function openFile(path: string, shownPath: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    throw unreadable(shownPath, error);
  }
}

function unreadable(path: string, error: unknown): VirtError {
  const missing = errorCode(error) === "ENOENT";
  const why = missing
    ? "there is no such file or folder"
    : error instanceof Error
      ? error.message
      : "";
  return new VirtError(
    "INVALID_ARGUMENT",
    `path: ${JSON.stringify(path)} can't be imported: ${why}`,
    {
      field: "path",
      cause: error,
    },
  );
}
