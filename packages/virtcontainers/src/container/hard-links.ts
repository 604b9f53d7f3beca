import { isVirtError } from "../errors.ts";
import { isErrno } from "../host/errno.ts";
import { ErofsTree, type Inode } from "../image/erofs/read.ts";
import type { HardLink, TreeEntry } from "../transfer/entry.ts";

/**
 * A tree of a container whose root is an image, in which files that are one in the image and have not been changed since
 * are one again: the guest tells of each by itself.
 */
export async function* withHardLinks(
  entries: AsyncIterable<TreeEntry>,
  imagePath: string,
): AsyncGenerator<TreeEntry | HardLink> {
  await using image = await opened(imagePath);
  if (image === undefined) {
    yield* entries;
    return;
  }
  const firsts = new Map<number, readonly string[]>();
  for await (const entry of entries) {
    const node = entry.kind === "file" ? await find(image, entry.path) : undefined;
    const isLinked = node !== undefined && node.head.links > 1 && isUnchanged(entry, node);
    const first = isLinked ? firsts.get(node.nid) : undefined;
    if (first !== undefined) {
      yield { kind: "hard link", path: entry.path, file: first, of: entry };
      continue;
    }
    if (isLinked) firsts.set(node.nid, entry.path);
    yield entry;
  }
}

/** What an image tells saves room, and no more: where it is gone, or can't be read, each file is one of its own. */
async function opened(path: string): Promise<ErofsTree | undefined> {
  return await ErofsTree.open(path).catch((error: unknown) => {
    if (isVirtError(error, "IMAGE_INVALID") || isErrno(error, "ENOENT")) return undefined;
    throw error;
  });
}

async function find(image: ErofsTree, path: readonly string[]): Promise<Inode | undefined> {
  let node = image.root;
  for (const name of path) {
    const found = node.kind === "folder" ? await image.step(node, name) : undefined;
    if (found === undefined || found.kind === "link") return undefined;
    node = found.node;
  }
  return node.kind === "file" ? node : undefined;
}

/** Whoever writes to a file of the image gets a copy, with a time of its own. */
function isUnchanged(entry: TreeEntry, { size, head }: Inode): boolean {
  return (
    entry.size === size &&
    entry.mode === (head.mode & 0o7777) &&
    entry.uid === head.uid &&
    entry.gid === head.gid &&
    Math.trunc(entry.mtimeMs / 1000) === head.mtime.seconds
  );
}
