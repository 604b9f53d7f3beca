const setupSectorsAt = 0x1f1;
const magicAt = 0x202;
const payloadOffsetAt = 0x248;
const payloadLengthAt = 0x24c;
const lz4Magic = 0x184c2102;

/**
 * The LZ4 stream inside a bzImage, from which `lz4 -d` makes the vmlinux. See "The Linux/x86 Boot Protocol",
 * fields setup_sects, payload_offset and payload_length; the last four bytes of the payload are its
 * unpacked size and no part of the stream.
 */
export function lz4Payload(bzImage: Buffer): Buffer {
  if (bzImage.length < 0x250 || bzImage.toString("latin1", magicAt, magicAt + 4) !== "HdrS") {
    throw new Error("the kernel is no bzImage");
  }
  const setupSectors = bzImage.readUInt8(setupSectorsAt) || 4;
  const start = (setupSectors + 1) * 512 + bzImage.readUInt32LE(payloadOffsetAt);
  const end = start + bzImage.readUInt32LE(payloadLengthAt) - 4;
  if (end > bzImage.length || end - start < 4) throw new Error("the kernel's payload is cut");
  const payload = bzImage.subarray(start, end);
  if (payload.readUInt32LE(0) !== lz4Magic) {
    throw new Error("the kernel's payload is not compressed with LZ4");
  }
  return payload;
}
