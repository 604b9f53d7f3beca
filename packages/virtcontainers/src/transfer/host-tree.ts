import { constants, type Stats } from "node:fs";
import { type FileHandle, open, readdir, readlink } from "node:fs/promises";
import { hostError, isErrno } from "../host/errno.ts";
import { pin, pinnedPath } from "../host/files.ts";
import { noBody, pieceBytes, type Tally, type TreeEntry } from "./entry.ts";

/**
 * A file, folder or link of the host with all below it. Every step goes from an open folder to a name in it
 * and follows no link, so that nobody who can write there can lead the walk out of the tree. The root is
 * given pinned, and stays open; `place` is its path, for when it is itself a link.
 */
export async function* hostTree(
  root: FileHandle,
  place: string,
  tally: Tally,
): AsyncGenerator<TreeEntry> {
  yield* walk(root, place, [], tally);
}

async function* walk(
  here: FileHandle,
  place: string,
  path: readonly string[],
  tally: Tally,
): AsyncGenerator<TreeEntry> {
  const found = await here.stat();
  const entry = { path, ...common(found), size: 0, target: "", body: noBody };
  if (found.isDirectory()) {
    yield { ...entry, kind: "folder" };
    yield* below(here, path, tally);
  } else if (found.isSymbolicLink()) {
    const target = await readlink(place).catch((error: unknown) => {
      throw hostError(error, `reading the link ${place}`);
    });
    yield { ...entry, kind: "link", target };
  } else if (found.isFile()) {
    yield { ...entry, kind: "file", size: found.size, body: () => content(here, found.size) };
  } else {
    tally.skip(path, kindOf(found));
  }
}

async function* below(
  folder: FileHandle,
  path: readonly string[],
  tally: Tally,
): AsyncGenerator<TreeEntry> {
  const listing = readdir(pinnedPath(folder.fd), { encoding: "buffer" });
  const names = await listing.catch((error: unknown) => {
    throw hostError(error, `listing /${path.join("/")}`);
  });
  for (const bytes of names.sort(Buffer.compare)) {
    const name = bytes.toString("utf8");
    if (!Buffer.from(name).equals(bytes)) {
      tally.skip([...path, name], "its name is not UTF-8");
      continue;
    }
    const place = pinnedPath(folder.fd, name);
    const child = await pinIfThere(place);
    if (child === undefined) continue;
    try {
      yield* walk(child, place, [...path, name], tally);
    } finally {
      await child.close();
    }
  }
}

/** Undefined for what was removed since it was listed. */
async function pinIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await pin(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw hostError(error, "opening what is to be copied");
  }
}

/** At most as much as the file had when it was looked at; what files of /proc have can't be seen then. */
async function* content(pinned: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  const { O_RDONLY, O_NONBLOCK } = constants;
  const file = await open(pinnedPath(pinned.fd), O_RDONLY | O_NONBLOCK).catch((error: unknown) => {
    throw hostError(error, "opening what is to be copied");
  });
  try {
    const most = size === 0 ? Number.POSITIVE_INFINITY : size;
    for (let at = 0; at < most; ) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, most - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function common(found: Stats): Pick<TreeEntry, "mode" | "uid" | "gid" | "mtimeMs"> {
  const { uid, gid, mtimeMs } = found;
  return { mode: found.mode & 0o7777, uid, gid, mtimeMs };
}

function kindOf(found: Stats): string {
  if (found.isFIFO()) return "a pipe";
  if (found.isSocket()) return "a socket";
  return "a device";
}
