import type { GuestPiece } from "../agent/files.ts";
import { type HardLink, noSpan, type Tally, type TreeEntry } from "./entry.ts";
import type { GuestSide } from "./guest-tree.ts";
import { temporaryName } from "./temporary.ts";

/** How long the guest may take to take away what a copy that failed has begun. */
const discardMs = 1000;

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

type Piece = Omit<GuestPiece, "offset" | "data" | "temporary" | "discard">;

const plain = { mode: 0o755, uid: 0, gid: 0, mtimeMs: 0, size: 0, target: "" } as const;

function below(path: string, names: readonly string[]): string {
  return names.length === 0 ? path : `${path}/${names.join("/")}`;
}

function put({ agent, containerId, signal }: GuestSide, piece: Piece): Promise<void> {
  return agent.putFile(containerId, { ...piece, ...noSpan, temporary: temporaryName() }, signal);
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

/** A piece is sent when the next has come, since only then it is known not to be the last. */
async function putContent(
  { agent, containerId, signal }: GuestSide,
  piece: Piece,
  entry: TreeEntry,
  tally: Tally,
): Promise<void> {
  const file = { ...piece, temporary: temporaryName() };
  let offset = 0;
  const send = async (data: Uint8Array, last: boolean): Promise<void> => {
    const end = offset + data.length;
    const size = last ? end : Math.max(piece.size, end + 1);
    await agent.putFile(containerId, { ...file, size, offset, data }, signal);
    offset = end;
  };
  try {
    let held: Uint8Array | undefined;
    for await (const data of entry.body()) {
      tally.addBytes(data.length);
      if (held !== undefined) await send(held, false);
      held = data;
    }
    await send(held ?? noSpan.data, true);
  } catch (error) {
    if (offset > 0) {
      const away = { ...file, ...noSpan, discard: true };
      // What has failed is told, whether this works or not.
      await agent.putFile(containerId, away, AbortSignal.timeout(discardMs)).catch(() => {});
    }
    throw error;
  }
}
