import type { FileHandle } from "node:fs/promises";
import { openUntrusted } from "../../host/files.ts";
import type { OpenLog } from "../log.ts";
import { blockBytes } from "./format.ts";
import { publishedBytes } from "./published.ts";

/** More than the longest record has. */
const chunkBytes = 256 * 1024;

/** The log's disk, read while the guest writes to it. Undefined if there is none. */
export async function openLogDisk(path: string): Promise<OpenLog | undefined> {
  const file = await openUntrusted(path);
  return (
    file && {
      size: async () => Math.max(0, (await file.stat()).size - blockBytes),
      read: (offset) => readPublished(file, blockBytes + offset),
      [Symbol.asyncDispose]: () => file.close(),
    }
  );
}

/**
 * The whole records from there on. The last of them may have been read while its first block, which makes it a
 * record, was being written: so they are read again until they hold still.
 */
async function readPublished(file: FileHandle, position: number): Promise<Uint8Array> {
  for (let before: Buffer | undefined; ; ) {
    const bytes = await readAt(file, position, chunkBytes);
    const there = bytes.subarray(0, publishedBytes(bytes));
    const isLast = bytes.length < chunkBytes || bytes[there.length] === 0;
    if (there.length === 0 || !isLast || before?.equals(there)) return there;
    before = there;
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const chunk = Buffer.alloc(length);
  const { bytesRead } = await file.read(chunk, 0, length, position);
  return chunk.subarray(0, bytesRead);
}
