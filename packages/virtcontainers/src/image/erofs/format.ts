// The on-disk format of EROFS as Linux defines it in fs/erofs/erofs_fs.h; little-endian throughout.

export const blockBytes = 4096;
/** Inodes are numbered by their place: nid = offset / 32. */
export const slotBytes = 32;
export const inodeBytes = 64;
export const direntBytes = 12;

const superOffset = 1024;
const magic = 0xe0f5e1e2;
const featureChecksum = 0x1;
const featureMtime = 0x2;

export const dataPlain = 0;
export const dataInline = 2;

export interface Superblock {
  rootNid: number;
  inodes: number;
  blocks: number;
  uuid: Buffer;
}

/** The first block: 1 KiB of nothing, then the superblock with its checksum. */
export function encodeSuperblock(superblock: Superblock): Buffer {
  const block = Buffer.alloc(blockBytes);
  const at = (offset: number): number => superOffset + offset;
  block.writeUInt32LE(magic, at(0));
  block.writeUInt32LE(featureChecksum | featureMtime, at(8));
  block.writeUInt8(Math.log2(blockBytes), at(12));
  block.writeUInt16LE(superblock.rootNid, at(14));
  block.writeBigUInt64LE(BigInt(superblock.inodes), at(16));
  block.writeUInt32LE(superblock.blocks, at(36));
  superblock.uuid.copy(block, at(48), 0, 16);
  block.writeUInt32LE(crc32c(block.subarray(superOffset)), at(4));
  return block;
}

export interface RawInode {
  layout: typeof dataPlain | typeof dataInline;
  xattrCount: number;
  /** File type and permission bits as in st_mode. */
  mode: number;
  size: number;
  /** First block of the data, or the device number. */
  union: number;
  number: number;
  uid: number;
  gid: number;
  mtime: { seconds: number; nanoseconds: number };
  links: number;
}

/** An inode in its extended form of 64 bytes. */
export function encodeInode(inode: RawInode): Buffer {
  const raw = Buffer.alloc(inodeBytes);
  raw.writeUInt16LE(1 | (inode.layout << 1), 0);
  raw.writeUInt16LE(inode.xattrCount, 2);
  raw.writeUInt16LE(inode.mode, 4);
  raw.writeBigUInt64LE(BigInt(inode.size), 8);
  raw.writeUInt32LE(inode.union, 16);
  raw.writeUInt32LE(inode.number, 20);
  raw.writeUInt32LE(inode.uid, 24);
  raw.writeUInt32LE(inode.gid, 28);
  raw.writeBigUInt64LE(BigInt(inode.mtime.seconds), 32);
  raw.writeUInt32LE(inode.mtime.nanoseconds, 40);
  raw.writeUInt32LE(inode.links, 44);
  return raw;
}

/** An inode as it was read; of its layout anything may be said. */
export interface InodeHead extends Omit<RawInode, "layout" | "number"> {
  layout: number;
}

/** The number of the root's inode; undefined if the block is no superblock. */
export function decodeRootNid(block: Buffer): number | undefined {
  return block.readUInt32LE(superOffset) === magic
    ? block.readUInt16LE(superOffset + 14)
    : undefined;
}

/** Of an inode in its extended form, the only one that is written here; undefined if it has another. */
export function decodeInode(raw: Buffer): InodeHead | undefined {
  const form = raw.readUInt16LE(0);
  const size = raw.readBigUInt64LE(8);
  if ((form & 1) === 0 || size > Number.MAX_SAFE_INTEGER / 2) return undefined;
  return {
    layout: form >> 1,
    xattrCount: raw.readUInt16LE(2),
    mode: raw.readUInt16LE(4),
    size: Number(size),
    union: raw.readUInt32LE(16),
    uid: raw.readUInt32LE(24),
    gid: raw.readUInt32LE(28),
    mtime: { seconds: Number(raw.readBigUInt64LE(32)), nanoseconds: raw.readUInt32LE(40) },
    links: raw.readUInt32LE(44),
  };
}

/** A device number as the kernel's new_encode_dev() writes it. */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The other way round. */
export function decodeDevice(device: number): { major: number; minor: number } {
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** CRC-32C with seed ~0 and no final inversion, as the kernel's crc32c() gives it. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc >>> 0;
}
