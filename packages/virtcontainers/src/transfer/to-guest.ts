import { randomBytes } from "node:crypto";
import type { GuestPiece } from "../agent/files.ts";
import { noSpan, type Tally, type TreeEntry } from "./entry.ts";
import type { GuestSide } from "./guest-tree.ts";

/** Makes a tree in a container, below or in place of `path`. Without `archive`, everything belongs to root. */
export async function toGuest(
  side: GuestSide,
  path: string,
  entries: AsyncIterable<TreeEntry>,
  tally: Tally,
  archive: boolean,
): Promise<void> {
  for await (const entry of entries) {
    tally.add(entry);
    const place = entry.path.length === 0 ? path : `${path}/${entry.path.join("/")}`;
    if (place === "") continue;
    const { kind, mode, mtimeMs, size, target } = entry;
    const owner = archive ? { uid: entry.uid, gid: entry.gid } : { uid: 0, gid: 0 };
    const piece = { path: place, kind, mode, ...owner, mtimeMs, size, target };
    if (kind === "file") await putContent(side, piece, entry, tally);
    else await side.agent.putFile(side.containerId, { ...piece, ...noSpan }, side.signal);
  }
}

/** A file of which not all could be put does not stay. */
async function putContent(
  side: GuestSide,
  piece: Omit<GuestPiece, "offset" | "data" | "part">,
  entry: TreeEntry,
  tally: Tally,
): Promise<void> {
  const part = side.parts ? randomBytes(8).toString("hex") : "";
  try {
    await putPieces(side, { ...piece, part }, entry, tally);
  } catch (error) {
    throw part === "" ? error : await side.drop(error, piece.path, part);
  }
}

async function putPieces(
  { agent, containerId, signal }: GuestSide,
  piece: Omit<GuestPiece, "offset" | "data">,
  entry: TreeEntry,
  tally: Tally,
): Promise<void> {
  const nothing = { offset: 0, data: noSpan.data };
  let offset = 0;
  for await (const data of entry.body()) {
    tally.addBytes(data.length);
    await agent.putFile(containerId, { ...piece, offset, data }, signal);
    offset += data.length;
  }
  // An empty file has no piece; one that became shorter is what it was read as.
  if (offset === 0) await agent.putFile(containerId, { ...piece, size: 0, ...nothing }, signal);
  else if (offset < piece.size) {
    const end = { ...piece, size: offset, offset, data: noSpan.data };
    await agent.putFile(containerId, end, signal);
  }
}
