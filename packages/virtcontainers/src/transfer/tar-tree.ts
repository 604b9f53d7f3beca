import { StreamBytes } from "../image/tar/bytes.ts";
import { readTar, type TarEntry } from "../image/tar/read.ts";
import { isPlainName, noBody, type Tally, type TreeEntry } from "./entry.ts";

const reasons: Partial<Record<TarEntry["type"], string>> = {
  hardlink: "a hard link",
  character: "a device",
  block: "a device",
  fifo: "a pipe",
};
const kinds = { file: "file", directory: "folder", symlink: "link" } as const;

/** The members of a tar stream. IMAGE_INVALID if it is damaged; names that lead elsewhere are left out. */
export async function* tarTree(
  stream: AsyncIterable<Uint8Array>,
  tally: Tally,
): AsyncGenerator<TreeEntry> {
  const bytes = new StreamBytes(stream);
  try {
    for await (const entry of readTar(bytes, { strict: false })) {
      const path = text(entry.path)
        .split("/")
        .filter((part) => part !== "" && part !== ".");
      const reason = path.every(isPlainName) ? reasons[entry.type] : "its name leads elsewhere";
      if (reason !== undefined) tally.skip(path, reason);
      else yield treeEntry(entry, path);
    }
  } finally {
    await bytes.close();
  }
}

function treeEntry(entry: TarEntry, path: readonly string[]): TreeEntry {
  const { type, mode, uid, gid, mtime, size } = entry;
  return {
    kind: type === "directory" || type === "symlink" ? kinds[type] : "file",
    ...{ path, mode, uid, gid, size },
    mtimeMs: mtime.seconds * 1000 + Math.trunc(mtime.nanoseconds / 1_000_000),
    target: text(entry.linkTarget),
    body: type === "file" ? () => entry.body() : noBody,
  };
}

/** The reader gives bytes as Latin-1. */
function text(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
