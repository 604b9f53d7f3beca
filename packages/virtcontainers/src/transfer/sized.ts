import { VirtError } from "../errors.ts";
import { pieceBytes, type TreeEntry } from "./entry.ts";

/** So much is held of a file that says nothing of its size. */
const maxUntold = 64 * 1024 * 1024;

/** The content of a file, with the size that it has. */
export interface SizedBody {
  size: number;
  body: AsyncIterable<Uint8Array>;
}

/**
 * Reads ahead, for who has to say a file's size before its content: what files of /proc and /sys say of
 * theirs is not so. One of more than a piece is taken at its word. HOST_FAILED if it says nothing and is
 * larger than 64 MiB.
 */
export async function sized(entry: Pick<TreeEntry, "path" | "size" | "body">): Promise<SizedBody> {
  const pieces = entry.body()[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let length = 0;
  const most = entry.size > 0 ? pieceBytes : maxUntold;
  while (length <= most) {
    const next = await pieces.next();
    if (next.done) return { size: length, body: rest(held, pieces) };
    held.push(next.value);
    length += next.value.length;
    if (length >= most && entry.size > length) break;
  }
  if (entry.size > 0) return { size: entry.size, body: rest(held, pieces) };
  await pieces.return?.(undefined);
  throw new VirtError(
    "HOST_FAILED",
    `${entry.path.join("/")} says that it is empty, and has more than ${maxUntold} bytes`,
    { hint: "Copy it with a command that runs in the container, such as cat." },
  );
}

async function* rest(
  held: readonly Uint8Array[],
  pieces: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* held;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  } finally {
    await pieces.return?.(undefined);
  }
}
