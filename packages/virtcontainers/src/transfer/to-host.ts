import { constants } from "node:fs";
import { type FileHandle, lchown, lstat, mkdir, open, rename, rm, symlink } from "node:fs/promises";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import { pinnedPath } from "../host/files.ts";
import type { Tally, TreeEntry } from "./entry.ts";
import { passedThrough, staysInside } from "./links.ts";
import { temporaryName } from "./temporary.ts";

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
  const folders: Placed[] = [];
  const later: Placed[] = [];
  const put = async ({ path, entry }: Placed): Promise<void> => {
    tally.add(entry);
    const name = path.at(-1);
    if (name === undefined) return;
    await using parent = await openBelow(folder, path.slice(0, -1));
    try {
      const made = await make(parent, name, entry, tally, archive);
      if (made && entry.kind === "folder") folders.push({ path, entry });
    } catch (error) {
      throw hostError(error, `writing ${path.join("/")}`);
    }
  };
  for await (const entry of entries) {
    const placed = { path: [...prefix, ...entry.path], entry };
    const { kind, path, target } = entry;
    if (kind !== "link" || passedThrough(path, target).length === 0) {
      if (kind !== "link" || staysInside(path, target)) await put(placed);
      else tally.skip(path, leadsOut);
    } else if (staysInside(path, target) && later.length < maxLater) later.push(placed);
    else tally.skip(path, leadsOut);
  }
  // Whether these stay in the tree hangs on what the names on their way have become.
  for (const placed of later) {
    const { path, target } = placed.entry;
    const passed = passedThrough(path, target).map((names) => [...prefix, ...names]);
    if (await areFolders(folder, passed)) await put(placed);
    else tally.skip(path, leadsOut);
  }
  // What is in a folder comes before its mode, which may forbid writing, and its time, which writing changes.
  for (const { path, entry } of folders.reverse()) {
    await using made = await openBelow(folder, path);
    await settle(made, entry, archive);
  }
}

interface Placed {
  path: readonly string[];
  entry: TreeEntry;
}

const leadsOut = "a link that leads out of what is copied";
/** So many links that go through a name and back are kept for the end. */
const maxLater = 10_000;

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
  await refuseOther(place, name);
  const fresh = pinnedPath(parent.fd, temporaryName());
  try {
    if (entry.kind === "link") await makeLink(fresh, entry, archive);
    else await makeFile(fresh, entry, tally, archive);
    await refuseOther(place, name);
    await rename(fresh, place);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    throw error;
  }
  return true;
}

async function makeLink(place: string, entry: TreeEntry, archive: boolean): Promise<void> {
  await symlink(entry.target, place);
  if (archive) await lchown(place, entry.uid, entry.gid);
}

async function makeFile(
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
  await settle(file, entry, archive);
}

/** What is there and is no link or file is not replaced, such as a folder or a device. */
async function refuseOther(place: string, name: string): Promise<void> {
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
async function settle(file: FileHandle, entry: TreeEntry, archive: boolean): Promise<void> {
  if (archive) await file.chown(entry.uid, entry.gid);
  await file.chmod(entry.mode & 0o777);
  const time = entry.mtimeMs / 1000;
  await file.utimes(time, time);
}
