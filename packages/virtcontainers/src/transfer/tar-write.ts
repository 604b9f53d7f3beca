import { VirtError } from "../errors.ts";
import { blockBytes } from "../image/tar/header.ts";
import type { Tally, TreeEntry } from "./entry.ts";
import { sized } from "./sized.ts";

const types = { file: "0", link: "2", folder: "5" } as const;
/** The largest numbers of a ustar header's octal fields. */
const maxId = 0o7777777;
const maxSize = 0o77777777777;

/** A tree as a tar stream (POSIX.1-2001), below a name; without one, what is in the root folder. */
export async function* writeTar(
  entries: AsyncIterable<TreeEntry>,
  name: string | undefined,
  tally: Tally,
): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    tally.add(entry);
    const path = [...(name === undefined ? [] : [name]), ...entry.path].join("/");
    if (path !== "") yield* member(entry, entry.kind === "folder" ? `${path}/` : path, tally);
  }
  yield Buffer.alloc(2 * blockBytes);
}

async function* member(entry: TreeEntry, path: string, tally: Tally): AsyncGenerator<Uint8Array> {
  const { size, body } = await sized(entry);
  const target = entry.kind === "link" ? entry.target : "";
  const extra = Object.entries({
    ...(Buffer.byteLength(path) > 100 && { path }),
    ...(Buffer.byteLength(target) > 100 && { linkpath: target }),
    ...(size > maxSize && { size: String(size) }),
    ...(entry.uid > maxId && { uid: String(entry.uid) }),
    ...(entry.gid > maxId && { gid: String(entry.gid) }),
  });
  if (extra.length > 0) yield extended(extra);
  const { mode, uid, gid, mtimeMs, kind } = entry;
  const time = Math.max(0, Math.trunc(mtimeMs / 1000));
  yield header({ path, target, type: types[kind], mode, uid, gid, size, time });
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
  yield Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** A PAX header before the member that it speaks of. */
function extended(values: readonly (readonly [string, string])[]): Buffer {
  const records = Buffer.concat(values.map(([key, value]) => record(key, value)));
  const fields = { target: "", type: "x", mode: 0o644, uid: 0, gid: 0, time: 0 };
  const padding = Buffer.alloc((blockBytes - (records.length % blockBytes)) % blockBytes);
  const head = header({ path: "PaxHeader", size: records.length, ...fields });
  return Buffer.concat([head, records, padding]);
}

/** Its own length is part of it. */
function record(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (length !== rest.length + String(length).length) {
    length = rest.length + String(length).length;
  }
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

interface Fields {
  path: string;
  target: string;
  type: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  time: number;
}

/** What does not fit is cut: a PAX header before says it whole. */
function header(fields: Fields): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, most: number, offset: number, length: number): void => {
    const digits = Math.min(value, most)
      .toString(8)
      .padStart(length - 1, "0");
    block.write(digits, offset, length - 1, "latin1");
  };
  Buffer.from(fields.path).copy(block, 0, 0, 100);
  octal(fields.mode, maxId, 100, 8);
  octal(fields.uid, maxId, 108, 8);
  octal(fields.gid, maxId, 116, 8);
  octal(fields.size, maxSize, 124, 12);
  octal(fields.time, maxSize, 136, 12);
  block.fill(0x20, 148, 156);
  block.write(fields.type, 156, "latin1");
  Buffer.from(fields.target).copy(block, 157, 0, 100);
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, "latin1");
  return block;
}
