import { VirtError } from "../errors.ts";
import { encodeMember, tarEnd, tarPadding } from "../image/tar/encode.ts";
import type { HardLink, Tally, TreeEntry } from "./entry.ts";
import { sized } from "./sized.ts";

const types = { file: "0", link: "2", folder: "5" } as const;

/** A tree as a tar stream (POSIX.1-2001), below a name; without one, what is in the root folder. */
export async function* writeTar(
  entries: AsyncIterable<TreeEntry | HardLink>,
  name: string | undefined,
  tally: Tally,
): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    tally.add(entry);
    const below = (names: readonly string[]): string =>
      [...(name === undefined ? [] : [name]), ...names].join("/");
    const path = below(entry.path);
    if (entry.kind === "hard link") yield link(path, below(entry.file), entry.of);
    else if (path !== "") yield* member(entry, entry.kind === "folder" ? `${path}/` : path, tally);
  }
  yield tarEnd;
}

/** Some tools set its mode and owner once more. */
function link(
  path: string,
  file: string,
  { mode, uid, gid, mtimeMs } = { mode: 0o644, uid: 0, gid: 0, mtimeMs: 0 },
): Buffer {
  const mtime = { seconds: Math.max(0, Math.trunc(mtimeMs / 1000)), nanoseconds: 0 };
  const names = { path: Buffer.from(path), linkPath: Buffer.from(file) };
  return encodeMember({ ...names, type: "1", mode, uid, gid, size: 0, mtime });
}

async function* member(entry: TreeEntry, path: string, tally: Tally): AsyncGenerator<Uint8Array> {
  const { size, body } = await sized(entry);
  const { mode, uid, gid, mtimeMs, kind } = entry;
  const seconds = Math.max(0, Math.trunc(mtimeMs / 1000));
  yield encodeMember({
    path: Buffer.from(path),
    linkPath: Buffer.from(kind === "link" ? entry.target : ""),
    type: types[kind],
    ...{ mode, uid, gid, size },
    mtime: { seconds, nanoseconds: 0 },
  });
  let written = 0;
  for await (const data of body) {
    tally.addBytes(data.length);
    written += data.length;
    yield data;
  }
  if (written !== size) {
    throw new VirtError("HOST_FAILED", `${path} became shorter while it was copied`, {
      hint: "Try again.",
    });
  }
  yield tarPadding(size);
}
