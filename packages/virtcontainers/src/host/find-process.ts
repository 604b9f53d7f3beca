import { closeSync, openSync, readSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { identify } from "./identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** What a process was started with may be megabytes; a mark of ours stands before this. */
const headBytes = 64 * 1024;
/** So many processes are looked at in one turn of the event loop. */
const atOnce = 50;

/** Processes of these users that were started with one whole argument or variable. */
export async function findByWord(
  file: "cmdline" | "environ",
  word: string,
  isOurs: (uid: number) => boolean = () => true,
): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const [index, name] of (await readdir("/proc")).entries()) {
    if (index % atOnce === 0) await setImmediate();
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const owner = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
    if (owner === undefined || !isOurs(owner) || !hasWord(pid, file, word)) continue;
    const identity = identify(pid);
    if (identity !== undefined) found.push(identity);
  }
  return found;
}

/** A process that ends while it is looked at has none, nor has one that may not be looked at. */
export function hasWord(pid: number, file: "cmdline" | "environ", word: string): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(`/proc/${pid}/${file}`, "r");
    return readHead(descriptor).toString("utf8").split("\0").includes(word);
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readHead(descriptor: number): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes);
  let length = 0;
  for (let read = -1; read !== 0 && length < headBytes; length += read)
    read = readSync(descriptor, bytes, length, headBytes - length, null);
  return bytes.subarray(0, length);
}
