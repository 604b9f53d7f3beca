import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";

/** So many entries of a folder's tree are looked at, and so many bytes of a file. */
const maxEntries = 50_000;
const maxBytes = 1024 * 1024;

/** What a folder and all below it look like: a line for each path, with what the system changes by itself left out. */
export function lookAt(
  folder: string,
  ignored: (path: string) => boolean,
  entries = new Map<string, string>(),
): Map<string, string> {
  for (const path of [folder, ...namesOf(folder).map((name) => join(folder, name))]) {
    if (entries.has(path) || ignored(path)) continue;
    if (entries.size >= maxEntries)
      throw new Error(`${folder} has more than ${maxEntries} entries`);
    const found = unlessGone(() => lstatSync(path));
    if (found === undefined) continue;
    entries.set(path, describe(path, found));
    if (found.isDirectory() && path !== folder) lookAt(path, ignored, entries);
  }
  return entries;
}

function describe(path: string, found: Stats): string {
  const mode = (found.mode & 0o7777).toString(8).padStart(4, "0");
  const owner = `${found.uid}:${found.gid}`;
  if (found.isSymbolicLink()) return `link ${owner} to ${unlessGone(() => readlinkSync(path))}`;
  if (found.isFile()) return `file ${mode} ${owner} ${contentOf(path, found.size)}`;
  if (found.isDirectory()) return `folder ${mode} ${owner}`;
  if (found.isCharacterDevice() || found.isBlockDevice())
    return `device ${mode} ${owner} ${found.rdev}`;
  return `${found.isFIFO() ? "pipe" : "socket"} ${mode} ${owner}`;
}

/** A digest; of a file that is too large or that only others may read, its size. */
function contentOf(path: string, size: number): string {
  const content = size > maxBytes ? undefined : unlessGone(() => readFileSync(path));
  if (content === undefined) return `${size} bytes`;
  return `sha256 ${createHash("sha256").update(content).digest("hex").slice(0, 16)}`;
}

function namesOf(folder: string): string[] {
  return unlessGone(() => readdirSync(folder)) ?? [];
}

/** Gone meanwhile, or not for us to read. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
