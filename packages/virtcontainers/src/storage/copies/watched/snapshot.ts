import { createHash } from "node:crypto";
import { pinReal } from "../../../host/files.ts";
import { Tally, type TreeEntry } from "../../../transfer/entry.ts";
import { hostTree } from "../../../transfer/host-tree.ts";

/** A folder that is watched by copies may not be larger: it is read as a whole whenever it changes. */
export const watchedLimits = { maxBytes: 1024 * 1024, maxEntries: 64 } as const;

/** How often a folder that changes while it is read is read again. */
const maxTries = 5;

/** One member of a folder, with a text that is another when anything of it is. */
export interface SnapshotEntry {
  print: string;
  entry: TreeEntry;
}

/** What is in a folder of the host, by path from the folder down; the folder itself has the empty one. */
export type Snapshot = ReadonlyMap<string, SnapshotEntry>;

/**
 * Reads a folder until it has been the same twice, so that what is given was there at one moment. NO_SPACE if
 * it is too large.
 */
export async function takeSnapshot(path: string, signal: AbortSignal): Promise<Snapshot> {
  let last = await read(path);
  for (let tries = 1; tries < maxTries; tries++) {
    signal.throwIfAborted();
    const now = await read(path);
    if (isSame(last, now)) return now;
    last = now;
  }
  return last;
}

async function read(path: string): Promise<Snapshot> {
  const found = new Map<string, SnapshotEntry>();
  const tally = new Tally(watchedLimits);
  await using pinned = await pinReal(path);
  for await (const entry of hostTree(pinned, path, tally)) {
    tally.add(entry);
    const pieces: Uint8Array[] = [];
    for await (const piece of entry.body()) {
      tally.addBytes(piece.length);
      pieces.push(piece);
    }
    const content = Buffer.concat(pieces);
    const whole = { ...entry, size: content.length, body: () => chunksOf(content) };
    found.set(entry.path.join("/"), { print: printOf(entry, content), entry: whole });
  }
  return found;
}

/** The kind stands first. */
function printOf({ kind, mode, uid, gid, target }: TreeEntry, content: Buffer): string {
  const digest = createHash("sha256").update(target).update("\0").update(content).digest("hex");
  return `${kind} ${mode.toString(8)} ${uid} ${gid} ${digest}`;
}

async function* chunksOf(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

function isSame(one: Snapshot, other: Snapshot): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([path, { print }]) => other.get(path)?.print === print);
}
