import { StreamBytes } from "../image/tar/bytes.ts";
import { readTar, type TarEntry } from "../image/tar/read.ts";
import { type HardLink, isPlainName, noBody, type Tally, type TreeEntry } from "./entry.ts";

const reasons: Partial<Record<TarEntry["type"], string>> = {
  character: "a device",
  block: "a device",
  fifo: "a pipe",
};
const elsewhere = "its name leads elsewhere";
const kinds = { file: "file", directory: "folder", symlink: "link" } as const;

/**
 * The members of a tar stream, which need not have the folders that they are in. IMAGE_INVALID if it is damaged;
 * names that lead elsewhere are left out.
 */
export async function* tarTree(
  stream: AsyncIterable<Uint8Array>,
  tally: Tally,
): AsyncGenerator<TreeEntry | HardLink> {
  const bytes = new StreamBytes(stream);
  try {
    for await (const entry of readTar(bytes, { strict: false })) {
      const path = namesOf(entry.path);
      const reason = path.every(isPlainName) ? reasons[entry.type] : elsewhere;
      if (reason !== undefined) tally.skip(path, reason);
      else if (entry.type !== "hardlink") yield treeEntry(entry, path);
      else {
        const file = namesOf(entry.linkTarget);
        if (file.length === 0 || !file.every(isPlainName)) tally.skip(path, elsewhere);
        else yield { kind: "hard link", path, file };
      }
    }
  } finally {
    await bytes.close();
  }
}

function namesOf(path: string): string[] {
  return text(path)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
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
