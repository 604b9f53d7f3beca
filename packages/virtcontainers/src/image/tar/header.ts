import { invalidImage } from "../failure.ts";

export const blockBytes = 512;

/** One 512-byte header as it stands in the archive; names are bytes as Latin-1 text. */
export interface TarHeader {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  /** The type flag; NUL is given as "0". */
  type: string;
  linkName: string;
  devMajor: number;
  devMinor: number;
}

/**
 * Decodes a header block (POSIX.1-1988 ustar, GNU and V7); undefined for a block of zeros.
 * IMAGE_INVALID if its checksum or a number is wrong.
 */
export function parseHeader(block: Buffer): TarHeader | undefined {
  const stored = number(block, 148, 8, "checksum");
  const sum = checksum(block, (byte) => byte);
  if (stored === 0 && sum === 8 * 32) return undefined;
  if (stored !== sum && stored !== checksum(block, (byte) => (byte << 24) >> 24)) {
    throw invalidImage("the tar archive is damaged: a header has a wrong checksum");
  }
  const posix = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = posix ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  const type = String.fromCharCode(block.readUInt8(156));
  return {
    name: prefix ? `${prefix}/${name}` : name,
    mode: number(block, 100, 8, "mode"),
    uid: number(block, 108, 8, "uid"),
    gid: number(block, 116, 8, "gid"),
    size: number(block, 124, 12, "size"),
    mtime: number(block, 136, 12, "mtime"),
    type: type === "\0" ? "0" : type,
    linkName: text(block, 157, 100),
    devMajor: type === "3" || type === "4" ? number(block, 329, 8, "devmajor") : 0,
    devMinor: type === "3" || type === "4" ? number(block, 337, 8, "devminor") : 0,
  };
}

/** The sum of the header's bytes, its own field taken as spaces; old tars added signed bytes. */
function checksum(block: Buffer, value: (byte: number) => number): number {
  let sum = 8 * 32;
  for (let i = 0; i < blockBytes; i++) {
    if (i < 148 || i >= 156) sum += value(block[i] ?? 0);
  }
  return sum;
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("latin1", 0, end === -1 ? length : end);
}

function number(block: Buffer, start: number, length: number, field: string): number {
  const first = block.readUInt8(start);
  if (first & 0x80) return base256(block.subarray(start, start + length), field);
  // Some writers fill up with NULs in front.
  const digits = block
    .toString("latin1", start, start + length)
    .replace(/^[ \0]+/, "")
    .replace(/\0.*$/s, "")
    .trim();
  if (digits === "") return 0;
  if (!/^[0-7]+$/.test(digits)) {
    throw invalidImage(`the tar archive is damaged: a header's ${field} is not a number`);
  }
  return Number.parseInt(digits, 8);
}

/** GNU's form of numbers that do not fit in octal digits; two's complement, big-endian. */
function base256(field: Buffer, name: string): number {
  const bits = BigInt(field.length * 8);
  let value = 0n;
  for (const byte of field) value = (value << 8n) | BigInt(byte);
  if (field.readUInt8(0) === 0xff) value -= 1n << bits;
  else value -= 1n << (bits - 1n);
  const result = Number(value);
  if (!Number.isSafeInteger(result)) {
    throw invalidImage(`the tar archive is damaged: a header's ${name} is out of range`);
  }
  return result;
}
