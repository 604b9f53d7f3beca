import { constants } from "node:fs";
import { type FileHandle, lchown, lstat, mkdir, open, symlink, unlink } from "node:fs/promises";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import { pinnedPath } from "../host/files.ts";
import { staysInside, type Tally, type TreeEntry } from "./entry.ts";

/**
 * Makes a tree in a pinned folder of the host. Each step opens one name in an open folder and follows no
 * link, and names have been checked: so nothing is written outside of it, whatever the tree holds and
 * whoever changes it meanwhile. A folder that is there keeps its mode and owner, and what is no file, folder or
 * link is not replaced. Links that lead out of the tree are left out; set-user-id bits are dropped.
 * `prefix` is what the tree's root is called in the folder; none: it is the folder itself.
 */
export async function toHost(
  folder: FileHandle,
  prefix: readonly string[],
  entries: AsyncIterable<TreeEntry>,
  tally: Tally,
  archive: boolean,
): Promise<void> {
  const folders: { path: readonly string[]; entry: TreeEntry }[] = [];
  for await (const entry of entries) {
    const path = [...prefix, ...entry.path];
    const name = path.at(-1);
    if (entry.kind === "link" && !staysInside(entry.path, entry.target)) {
      tally.skip(entry.path, "a link that leads out of what is copied");
      continue;
    }
    tally.add(entry);
    if (name === undefined) continue;
    await using parent = await openBelow(folder, path.slice(0, -1));
    try {
      const made = await make(parent, name, entry, tally, archive);
      if (made && entry.kind === "folder") folders.push({ path, entry });
    } catch (error) {
      throw hostError(error, `writing ${path.join("/")}`);
    }
  }
  // What is in a folder comes before its mode, which may forbid writing, and its time, which writing changes.
  for (const { path, entry } of folders.reverse()) {
    await using made = await openBelow(folder, path);
    await setAttributes(made, entry, archive);
  }
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
  await clear(place, name);
  if (entry.kind === "link") {
    await symlink(entry.target, place);
    if (archive) await lchown(place, entry.uid, entry.gid);
    return true;
  }
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  await using file = await open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  for await (const data of entry.body()) {
    tally.addBytes(data.length);
    await file.writeFile(data);
  }
  await setAttributes(file, entry, archive);
  return true;
}

/** Takes away what is there, link or file; nothing else is replaced, such as a folder or a device. */
async function clear(place: string, name: string): Promise<void> {
  const found = await lstat(place).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (found.isFile() || found.isSymbolicLink()) {
    await unlink(place).catch((error: unknown) => {
      if (!isErrno(error, "ENOENT")) throw error;
    });
    return;
  }
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
