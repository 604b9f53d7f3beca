import { blockBytes } from "./header.ts";
import type { Timestamp } from "./pax.ts";

/** What stands before the content of one member; paths are bytes. */
export interface MemberHead {
  path: Buffer;
  /** Of a symlink or hard link. */
  linkPath?: Buffer;
  /** The type flag. */
  type: "0" | "1" | "2" | "3" | "4" | "5" | "6";
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: Timestamp;
  devMajor?: number;
  devMinor?: number;
  xattrs?: ReadonlyMap<string, Buffer>;
}

/** The largest numbers of a ustar header's octal fields. */
const maxId = 0o7777777;
const maxSize = 0o77777777777;
const nothing = Buffer.alloc(0);

/** The end of an archive. */
export const tarEnd = Buffer.alloc(2 * blockBytes);

/** What fills the last block of a member's content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** The header of a member, after a PAX header for what does not fit into it (POSIX.1-2001). */
export function encodeMember(head: MemberHead): Buffer {
  const { path, linkPath = nothing, size, uid, gid, mtime } = head;
  const { seconds, nanoseconds } = mtime;
  const whole = nanoseconds === 0 && seconds >= 0 && seconds <= maxSize;
  const fraction = nanoseconds === 0 ? "" : `.${String(nanoseconds).padStart(9, "0")}`;
  const records: [string, Buffer][] = [
    ...(path.length > 100 ? [["path", path] as [string, Buffer]] : []),
    ...(linkPath.length > 100 ? [["linkpath", linkPath] as [string, Buffer]] : []),
    ...(size > maxSize ? [textRecord("size", size)] : []),
    ...(uid > maxId ? [textRecord("uid", uid)] : []),
    ...(gid > maxId ? [textRecord("gid", gid)] : []),
    ...(whole ? [] : [textRecord("mtime", `${seconds}${fraction}`)]),
    ...[...(head.xattrs ?? [])].map(([name, value]): [string, Buffer] => [
      `SCHILY.xattr.${name}`,
      value,
    ]),
  ];
  const main = header(head);
  return records.length === 0 ? main : Buffer.concat([paxHeader(records), main]);
}

function textRecord(key: string, value: string | number): [string, Buffer] {
  return [key, Buffer.from(String(value))];
}

/** A PAX header before the member that it speaks of. */
function paxHeader(values: readonly (readonly [string, Buffer])[]): Buffer {
  const records = Buffer.concat(values.map(([key, value]) => record(key, value)));
  const fields = { type: "x", mode: 0o644, uid: 0, gid: 0 } as const;
  const mtime = { seconds: 0, nanoseconds: 0 };
  const head = header({ path: Buffer.from("PaxHeader"), size: records.length, mtime, ...fields });
  return Buffer.concat([head, records, tarPadding(records.length)]);
}

/** Its own length is part of it. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, "latin1"), value, Buffer.from("\n")]);
  let length = rest.length + 1;
  while (length !== rest.length + String(length).length) {
    length = rest.length + String(length).length;
  }
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** What does not fit is cut: a PAX header before says it whole. */
function header(head: Omit<MemberHead, "type"> & { type: string }): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, most: number, offset: number, length: number): void => {
    const digits = Math.max(0, Math.min(value, most))
      .toString(8)
      .padStart(length - 1, "0");
    block.write(digits, offset, length - 1, "latin1");
  };
  head.path.copy(block, 0, 0, 100);
  octal(head.mode, maxId, 100, 8);
  octal(head.uid, maxId, 108, 8);
  octal(head.gid, maxId, 116, 8);
  octal(head.size, maxSize, 124, 12);
  octal(head.mtime.seconds, maxSize, 136, 12);
  block.fill(0x20, 148, 156);
  block.write(head.type, 156, "latin1");
  head.linkPath?.copy(block, 157, 0, 100);
  block.write("ustar\u000000", 257, "latin1");
  if (head.devMajor !== undefined) octal(head.devMajor, maxId, 329, 8);
  if (head.devMinor !== undefined) octal(head.devMinor, maxId, 337, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, "latin1");
  return block;
}
