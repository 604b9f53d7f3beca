import { randomBytes } from "node:crypto";
import type { GuestPiece } from "../agent/files.ts";
import { type HardLink, noSpan, type Tally, type TreeEntry } from "./entry.ts";
import type { GuestSide } from "./guest-tree.ts";

/**
 * Makes a tree in a container, below or in place of `path`. Without `archive`, everything belongs to root.
 * Folders that the tree does not name are made where they are missing; those that are there keep their
 * mode and owner.
 */
export async function toGuest(
  side: GuestSide,
  path: string,
  entries: AsyncIterable<TreeEntry | HardLink>,
  tally: Tally,
  archive: boolean,
): Promise<void> {
  const there = new Set([path]);
  for await (const entry of entries) {
    tally.add(entry);
    const place = below(path, entry.path);
    if (place === "") continue;
    await makeFolders(side, path, entry.path.slice(0, -1), there, tally);
    if (entry.kind === "hard link") {
      const piece = { ...plain, path: place, kind: entry.kind, target: below(path, entry.file) };
      await put(side, piece);
      continue;
    }
    const { kind, mode, mtimeMs, size, target } = entry;
    const owner = archive ? { uid: entry.uid, gid: entry.gid } : { uid: 0, gid: 0 };
    const piece = { path: place, kind, mode, ...owner, mtimeMs, size, target };
    if (kind === "file") await putContent(side, piece, entry, tally);
    else await put(side, { ...piece, size: 0 });
    if (kind === "folder") there.add(place);
  }
}

type Piece = Omit<GuestPiece, "offset" | "data" | "part">;

const plain = { mode: 0o755, uid: 0, gid: 0, mtimeMs: 0, size: 0, target: "" } as const;

function below(path: string, names: readonly string[]): string {
  return names.length === 0 ? path : `${path}/${names.join("/")}`;
}

async function put(side: GuestSide, piece: Piece): Promise<void> {
  const { agent, containerId, signal } = side;
  await agent.putFile(containerId, { ...piece, ...noSpan, part: newPart(side) }, signal);
}

/** Another for each, so that copies to one place don't meet. */
function newPart({ parts }: GuestSide): string {
  return parts ? randomBytes(8).toString("hex") : "";
}

/** A tar stream may have what is in a folder without the folder. */
async function makeFolders(
  side: GuestSide,
  path: string,
  names: readonly string[],
  there: Set<string>,
  tally: Tally,
): Promise<void> {
  for (let count = 1; count <= names.length; count++) {
    const folder = below(path, names.slice(0, count));
    if (there.has(folder)) continue;
    const found = await side.agent.statPath(side.containerId, folder, true, side.signal);
    if (found === undefined) {
      tally.add({ kind: "folder", path: names.slice(0, count) });
      await put(side, { ...plain, path: folder, kind: "folder", mtimeMs: Date.now() });
    }
    there.add(folder);
  }
}

/** A file of which not all could be put does not stay. */
async function putContent(
  side: GuestSide,
  piece: Piece,
  entry: TreeEntry,
  tally: Tally,
): Promise<void> {
  const part = newPart(side);
  try {
    await putPieces(side, { ...piece, part }, entry, tally);
  } catch (error) {
    throw part === "" ? error : await side.drop(error, piece.path, part);
  }
}

/** A piece is sent when the next has come, since only then it is known not to be the last. */
async function putPieces(
  { agent, containerId, signal }: GuestSide,
  piece: Omit<GuestPiece, "offset" | "data">,
  entry: TreeEntry,
  tally: Tally,
): Promise<void> {
  let offset = 0;
  const send = async (data: Uint8Array, last: boolean): Promise<void> => {
    const end = offset + data.length;
    const size = last ? end : Math.max(piece.size, end + 1);
    await agent.putFile(containerId, { ...piece, size, offset, data }, signal);
    offset = end;
  };
  let held: Uint8Array | undefined;
  for await (const data of entry.body()) {
    tally.addBytes(data.length);
    if (held !== undefined) await send(held, false);
    held = data;
  }
  await send(held ?? noSpan.data, true);
}
