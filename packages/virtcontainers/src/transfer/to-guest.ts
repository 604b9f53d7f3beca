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

async function putContent(
  { agent, containerId, signal }: GuestSide,
  piece: Omit<GuestPiece, "offset" | "data">,
  entry: TreeEntry,
  tally: Tally,
): Promise<void> {
  let offset = 0;
  for await (const data of entry.body()) {
    tally.addBytes(data.length);
    await agent.putFile(containerId, { ...piece, offset, data }, signal);
    offset += data.length;
  }
  // An empty file has no piece; one that became shorter is what it was read as.
  if (offset === 0) await agent.putFile(containerId, { ...piece, size: 0, ...noSpan }, signal);
  else if (offset < piece.size) {
    const end = { ...piece, size: offset, offset, data: noSpan.data };
    await agent.putFile(containerId, end, signal);
  }
}
