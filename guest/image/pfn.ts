/** Bytes before the file system in root.img; also the alignment of its end. */
export const headBytes = 2 * 1024 * 1024;

const superblockOffset = 4096;
const superblockBytes = 4096;
const checksumOffset = superblockBytes - 8;
const modeRam = 1;

/**
 * Makes the head of a DAX-capable image: an NVDIMM_PFN_INFO block (struct nd_pfn_sb of Linux,
 * drivers/nvdimm/pfn.h, version 1.4) at 4 KiB. With it the guest's pmem driver keeps page
 * structures for the file system behind the head, without which it refuses to mount with `dax`.
 * @param payloadBytes size of what follows the head
 */
export function pfnHead(payloadBytes: number): Buffer {
  const head = Buffer.alloc(headBytes);
  const block = head.subarray(superblockOffset, superblockOffset + superblockBytes);
  block.write("NVDIMM_PFN_INFO\0", 0, "latin1");
  // uuid: any value but zero, the same in every build; parent_uuid stays zero (a namespace without a label)
  block.write("virtc-guest-root", 16, "latin1");
  block.writeUInt16LE(1, 52); // version_major
  block.writeUInt16LE(4, 54); // version_minor
  block.writeBigUInt64LE(BigInt(headBytes), 56); // dataoff
  block.writeBigUInt64LE(BigInt(Math.floor(payloadBytes / 4096)), 64); // npfns
  block.writeUInt32LE(modeRam, 72);
  block.writeUInt32LE(headBytes, 84); // align
  block.writeUInt32LE(4096, 88); // page_size
  block.writeUInt16LE(64, 92); // page_struct_size
  block.writeBigUInt64LE(fletcher64(block), checksumOffset);
  return head;
}

/** Fletcher's checksum over little-endian 32-bit words, as nd_fletcher64 of Linux computes it. */
export function fletcher64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let low = 0;
  let high = 0n;
  for (let at = 0; at + 4 <= bytes.byteLength; at += 4) {
    low = (low + view.getUint32(at, true)) >>> 0;
    high += BigInt(low);
  }
  return (BigInt.asUintN(32, high) << 32n) | BigInt(low);
}
