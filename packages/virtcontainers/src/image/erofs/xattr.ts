import { invalidImage } from "../failure.ts";

/** Name prefixes that the format numbers (EROFS_XATTR_INDEX_*). */
const prefixes: readonly (readonly [string, number])[] = [
  ["user.", 1],
  ["trusted.", 4],
  ["security.", 6],
];
const whole: Readonly<Record<string, number>> = {
  "system.posix_acl_access": 2,
  "system.posix_acl_default": 3,
};
const headerBytes = 12;
const entryBytes = 4;
const nothing = Buffer.alloc(0);
const maxTotalBytes = 64 * 1024;

/**
 * The attributes of an inode as they stand behind it; empty if there are none. Attributes of overlayfs
 * itself are left out, as in an image they would steer the overlay that the image is mounted under.
 * IMAGE_INVALID if one has a name or size that Linux does not have.
 */
export function encodeXattrs(xattrs: ReadonlyMap<string, Buffer>): Buffer {
  if (xattrs.size === 0) return nothing;
  const entries = [...xattrs]
    .filter(([name]) => !/^(trusted|user)\.overlay\./.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => encodeEntry(name, value));
  if (entries.length === 0) return nothing;
  const all = Buffer.concat([Buffer.alloc(headerBytes), ...entries]);
  if (all.length > maxTotalBytes) {
    throw invalidImage("a file of the image has more than 64 KiB of extended attributes");
  }
  return all;
}

/** The inode's field for the size of its attributes. */
export function xattrCount(encodedBytes: number): number {
  return encodedBytes === 0 ? 0 : (encodedBytes - headerBytes) / 4 + 1;
}

/** The other way round. */
export function xattrBytes(count: number): number {
  return count === 0 ? 0 : headerBytes + (count - 1) * 4;
}

/** The attributes that stand behind an inode; undefined if they are damaged. */
export function decodeXattrs(bytes: Buffer): Map<string, Buffer> | undefined {
  const found = new Map<string, Buffer>();
  for (let at = headerBytes; at < bytes.length; ) {
    if (at + entryBytes > bytes.length) return undefined;
    const nameBytes = bytes.readUInt8(at);
    const valueAt = at + entryBytes + nameBytes;
    const end = valueAt + bytes.readUInt16LE(at + 2);
    const family = familyOf(bytes.readUInt8(at + 1));
    if (end > bytes.length || family === undefined) return undefined;
    const name = family + bytes.toString("latin1", at + entryBytes, valueAt);
    found.set(name, Buffer.from(bytes.subarray(valueAt, end)));
    at += Math.ceil((end - at) / 4) * 4;
  }
  return found;
}

function familyOf(number: number): string | undefined {
  const alone = Object.entries(whole).find(([, index]) => index === number)?.[0];
  return alone ?? prefixes.find(([, index]) => index === number)?.[0];
}

function encodeEntry(name: string, value: Buffer): Buffer {
  const [index, suffix] = split(name);
  if (suffix.length > 255 || value.length > 0xffff) {
    throw invalidImage(`the extended attribute ${JSON.stringify(name.slice(0, 80))} is too long`);
  }
  const used = entryBytes + suffix.length + value.length;
  const entry = Buffer.alloc(Math.ceil(used / 4) * 4);
  entry.writeUInt8(suffix.length, 0);
  entry.writeUInt8(index, 1);
  entry.writeUInt16LE(value.length, 2);
  entry.write(suffix, entryBytes, "latin1");
  value.copy(entry, entryBytes + suffix.length);
  return entry;
}

function split(name: string): [number, string] {
  const index = whole[name];
  if (index !== undefined) return [index, ""];
  for (const [prefix, number] of prefixes) {
    if (name.startsWith(prefix) && name.length > prefix.length) {
      return [number, name.slice(prefix.length)];
    }
  }
  throw invalidImage(
    `the image has the extended attribute ${JSON.stringify(name.slice(0, 80))}, which is of an unknown family`,
  );
}
