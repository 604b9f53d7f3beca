import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import {
  type FileHandle,
  lchown,
  lstat,
  mkdir,
  open,
  rename,
  symlink,
  unlink,
} from "node:fs/promises";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import { pinnedPath } from "../host/files.ts";
import type { Tally, TreeEntry } from "./entry.ts";
import { passedThrough, staysInside } from "./links.ts";

/**
 * Makes a tree in a pinned folder of the host. Each step opens one name in an open folder and follows no
 * link, and names have been checked: so nothing is written outside of it, whatever the tree holds and
 * whoever changes it meanwhile. A folder that is there keeps its mode and owner; a file or link that is there
 * stays until the new one is whole, and nothing else is replaced. Links that lead out of the tree, by
 * themselves or through others, are left out; set-user-id bits are dropped.
 * `prefix` is what the tree's root is called in the folder; none: it is the folder itself.
 */
export async function toHost(
  folder: FileHandle,
  prefix: readonly string[],
  entries: AsyncIterable<TreeEntry>,
  tally: Tally,
  archive: boolean,
): Promise<void> {
  const open = new OpenFolders(folder, archive);
  const later: TreeEntry[] = [];
  for await (const entry of entries) {
    const path = [...prefix, ...entry.path];
    await open.leaveFor(path);
    if (entry.kind === "link") {
      const inside = staysInside(entry.path, entry.target);
      const hangs = passedThrough(entry.path, entry.target).length > 0;
      if (inside && hangs && later.length + open.postponed < maxLater) {
        later.push(entry);
        open.postpone();
      } else if (!inside || hangs) tally.skip(entry.path, leadsOut);
      if (!inside || hangs) continue;
    }
    tally.add(entry);
    const made = await put(folder, path, entry, tally, archive);
    if (made && entry.kind === "folder") open.enter(path, entry);
  }
  await open.leaveFor([]);
  // Whether these stay in the tree hangs on what the names on their way have become.
  for (const entry of later) {
    const passed = passedThrough(entry.path, entry.target).map((names) => [...prefix, ...names]);
    if (await areFolders(folder, passed)) {
      tally.add(entry);
      await put(folder, [...prefix, ...entry.path], entry, tally, archive);
    } else tally.skip(entry.path, leadsOut);
  }
  await open.finishPostponed();
}

const leadsOut = "a link that leads out of what is copied";
/** So many links that go through a name and back, and folders around them, are kept for the end. */
const maxLater = 10_000;

/** False if there was nothing to make. */
async function put(
  folder: FileHandle,
  path: readonly string[],
  entry: TreeEntry,
  tally: Tally,
  archive: boolean,
): Promise<boolean> {
  const name = path.at(-1);
  if (name === undefined) return false;
  await using parent = await openBelow(folder, path.slice(0, -1));
  try {
    return await make(parent, name, entry, tally, archive);
  } catch (error) {
    throw hostError(error, `writing ${path.join("/")}`);
  }
}

/** No links: what is made in their places later is no link either, since a folder is not replaced. */
async function areFolders(folder: FileHandle, paths: readonly string[][]): Promise<boolean> {
  for (const path of paths) {
    try {
      await using _opened = await openBelow(folder, path);
    } catch {
      return false;
    }
  }
  return true;
}

/**
 * The folders that are being filled, each in the one before: what is in a folder comes before its mode, which may
 * forbid writing, and its time, which writing changes.
 */
class OpenFolders {
  readonly #folder: FileHandle;
  readonly #archive: boolean;
  readonly #open: OpenFolder[] = [];
  readonly #postponed: OpenFolder[] = [];
  #postponedOpen = 0;

  constructor(folder: FileHandle, archive: boolean) {
    this.#folder = folder;
    this.#archive = archive;
  }

  enter(path: readonly string[], entry: TreeEntry): void {
    this.#open.push({ path, entry, postponed: false });
  }

  /** How many wait for the end. */
  get postponed(): number {
    return this.#postponed.length + this.#postponedOpen;
  }

  /** Something more comes for those that are open, at the end. */
  postpone(): void {
    for (const folder of this.#open) folder.postponed = true;
    this.#postponedOpen = this.#open.length;
  }

  /** Finishes those for which something came at the end; the innermost come first. */
  async finishPostponed(): Promise<void> {
    for (const folder of this.#postponed.splice(0)) await this.#finish(folder);
  }

  /** Finishes those that the path is not in: of a tree nothing more comes for them. */
  async leaveFor(path: readonly string[]): Promise<void> {
    for (let last = this.#open.at(-1); last !== undefined; last = this.#open.at(-1)) {
      if (last.path.length < path.length && last.path.every((name, at) => name === path[at]))
        return;
      this.#open.pop();
      this.#postponedOpen = Math.min(this.#postponedOpen, this.#open.length);
      if (last.postponed) this.#postponed.push(last);
      else await this.#finish(last);
    }
  }

  async #finish({ path, entry }: OpenFolder): Promise<void> {
    await using made = await openBelow(this.#folder, path);
    await setAttributes(made, entry, this.#archive);
  }
}

interface OpenFolder {
  path: readonly string[];
  entry: TreeEntry;
  postponed: boolean;
}

/** Opens folder in folder; a link in the place of one is refused. */
async function openBelow(folder: FileHandle, names: readonly string[]): Promise<FileHandle> {
  const { O_DIRECTORY, O_NOFOLLOW } = constants;
  let here = await open(pinnedPath(folder.fd), O_DIRECTORY);
  for (const name of names) {
    await using above = here;
    try {
      here = await open(pinnedPath(above.fd, name), O_DIRECTORY | O_NOFOLLOW);
    } catch (error) {
      throw hostError(error, `opening the folder ${names.join("/")}`);
    }
  }
  return here;
}

/** False if it is a folder that was there. */
async function make(
  parent: FileHandle,
  name: string,
  entry: TreeEntry,
  tally: Tally,
  archive: boolean,
): Promise<boolean> {
  const place = pinnedPath(parent.fd, name);
  if (entry.kind === "folder") {
    try {
      await mkdir(place, 0o700);
      return true;
    } catch (error) {
      if (isErrno(error, "EEXIST")) return false;
      throw error;
    }
  }
  await assertReplaceable(place, name);
  const unfinished = pinnedPath(parent.fd, `.virtc-${randomBytes(8).toString("hex")}`);
  try {
    if (entry.kind === "link") await makeLink(unfinished, entry, archive);
    else await write(unfinished, entry, tally, archive);
    await assertReplaceable(place, name);
    await rename(unfinished, place);
  } catch (error) {
    await unlink(unfinished).catch(ignoreAbsent);
    throw error;
  }
  return true;
}

async function makeLink(place: string, entry: TreeEntry, archive: boolean): Promise<void> {
  await symlink(entry.target, place);
  if (archive) await lchown(place, entry.uid, entry.gid);
}

async function write(
  place: string,
  entry: TreeEntry,
  tally: Tally,
  archive: boolean,
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  await using file = await open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  for await (const data of entry.body()) {
    tally.addBytes(data.length);
    await file.writeFile(data);
  }
  await setAttributes(file, entry, archive);
}

function ignoreAbsent(error: unknown): void {
  if (!isErrno(error, "ENOENT")) throw error;
}

/** A link or a file can be replaced; nothing else is, such as a folder or a device. */
async function assertReplaceable(place: string, name: string): Promise<void> {
  const found = await lstat(place).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  });
  if (found === undefined || found.isFile() || found.isSymbolicLink()) return;
  const what = found.isDirectory() ? "a folder" : "a device, a pipe or a socket";
  throw new VirtError("ALREADY_EXISTS", `${name} is ${what} on the host, and a file in the copy`, {
    hint: "Copy to another place, or move it away.",
  });
}

/** Owner first: a change of it takes bits of the mode away. */
async function setAttributes(file: FileHandle, entry: TreeEntry, archive: boolean): Promise<void> {
  if (archive) await file.chown(entry.uid, entry.gid);
  await file.chmod(entry.mode & 0o777);
  const time = entry.mtimeMs / 1000;
  await file.utimes(time, time);
}
