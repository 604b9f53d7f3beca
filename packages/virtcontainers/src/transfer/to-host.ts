import { constants } from "node:fs";
import { type FileHandle, lchown, mkdir, open, symlink, unlink } from "node:fs/promises";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import { O_PATH, pinnedPath } from "../host/files.ts";
import { staysInside, type Tally, type TreeEntry } from "./entry.ts";

/**
 * Makes a tree in a pinned folder of the host. Each step opens one name in an open folder and follows no
 * link, and names have been checked: so nothing is written outside of it, whatever the tree holds and
 * whoever changes it meanwhile. Links that lead out of the tree are left out; set-user-id bits are dropped.
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
      await make(parent, name, entry, tally, archive);
    } catch (error) {
      throw hostError(error, `writing ${path.join("/")}`);
    }
    if (entry.kind === "folder") folders.push({ path, entry });
  }
  // What is in a folder comes before its mode, which may forbid writing, and its time, which writing changes.
  for (const { path, entry } of folders.reverse()) {
    await using made = await openBelow(folder, path);
    await settle(made, entry, archive);
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

async function make(
  parent: FileHandle,
  name: string,
  entry: TreeEntry,
  tally: Tally,
  archive: boolean,
): Promise<void> {
  const place = pinnedPath(parent.fd, name);
  if (entry.kind === "folder") {
    await mkdir(place, 0o700).catch((error: unknown) => {
      if (!isErrno(error, "EEXIST")) throw error;
    });
    return;
  }
  await clear(place, name);
  if (entry.kind === "link") {
    await symlink(entry.target, place);
    if (archive) await lchown(place, entry.uid, entry.gid);
    return;
  }
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  await using file = await open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  for await (const data of entry.body()) {
    tally.addBytes(data.length);
    await file.writeFile(data);
  }
  await settle(file, entry, archive);
}

/** Takes away what is there, link or file; a folder is not replaced. */
async function clear(place: string, name: string): Promise<void> {
  try {
    await unlink(place);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    if (isErrno(error, "EISDIR", "EPERM") && (await isFolder(place))) {
      throw new VirtError(
        "ALREADY_EXISTS",
        `${name} is a folder on the host, and a file in the copy`,
        {
          hint: "Copy to another place, or move that folder away.",
        },
      );
    }
    throw error;
  }
}

async function isFolder(place: string): Promise<boolean> {
  await using found = await open(place, O_PATH | constants.O_NOFOLLOW);
  return (await found.stat()).isDirectory();
}

/** Owner first: a change of it takes bits of the mode away. */
async function settle(file: FileHandle, entry: TreeEntry, archive: boolean): Promise<void> {
  if (archive) await file.chown(entry.uid, entry.gid);
  await file.chmod(entry.mode & 0o777);
  const time = entry.mtimeMs / 1000;
  await file.utimes(time, time);
}
