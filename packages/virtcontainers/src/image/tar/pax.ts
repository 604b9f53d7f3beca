import { invalidImage } from "../failure.ts";

/** The records that are made use of; others cost no memory. */
const used = /^(?:path|linkpath|size|uid|gid|mtime|SCHILY\.xattr\.|GNU\.sparse\.)/;
/** More than all attributes that Linux lets an inode have. */
const maxRecords = 1000;

/**
 * Decodes the records `<length> <key>=<value>\n` of a PAX extended header (POSIX.1-2001) that are made use
 * of. Values stay bytes: extended attributes are not text.
 */
export function decodePax(body: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  let rest = body;
  while (rest.length > 0) {
    const space = rest.indexOf(0x20);
    const digits = space > 0 && space <= 10 ? rest.toString("latin1", 0, space) : "";
    const length = /^[0-9]+$/.test(digits) ? Number(digits) : 0;
    const equals = rest.indexOf(0x3d, space + 1);
    if (length > rest.length || equals === -1 || equals >= length || rest[length - 1] !== 0x0a) {
      throw invalidImage("the tar archive is damaged: a PAX header has a malformed record");
    }
    const key = rest.toString("latin1", space + 1, equals);
    if (used.test(key)) records.set(key, copyOf(rest.subarray(equals + 1, length - 1)));
    if (records.size > maxRecords) {
      throw invalidImage(`the tar archive has a PAX header of more than ${maxRecords} records`);
    }
    rest = rest.subarray(length);
  }
  return records;
}

/** In memory of its own: a part of a pool would keep the whole pool. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** A whole number in a PAX record. */
export function paxInteger(key: string, value: Buffer): number {
  const text = value.toString("latin1");
  const result = Number(text);
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(result)) {
    throw invalidImage(`the tar archive is damaged: PAX ${key} is not a number`);
  }
  return result;
}

export interface Timestamp {
  seconds: number;
  nanoseconds: number;
}

/** A time in a PAX record: seconds with an optional fraction. */
export function paxTime(key: string, value: Buffer): Timestamp {
  const match = /^(-?[0-9]{1,15})(?:\.([0-9]*))?$/.exec(value.toString("latin1"));
  if (!match) throw invalidImage(`the tar archive is damaged: PAX ${key} is not a time`);
  const seconds = Number(match[1]);
  const nanoseconds = Number((match[2] ?? "").slice(0, 9).padEnd(9, "0"));
  return seconds < 0 ? { seconds, nanoseconds: 0 } : { seconds, nanoseconds };
}
