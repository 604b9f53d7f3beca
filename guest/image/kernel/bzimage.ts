const setupSectorsAt = 0x1f1;
const magicAt = 0x202;
const payloadOffsetAt = 0x248;
const payloadLengthAt = 0x24c;

/** The programs that unpack what a kernel may be packed with, by the magic number at its start. */
const unpackers: ReadonlyMap<number, "lz4" | "zstd"> = new Map([
  [0x184c2102, "lz4"],
  [0xfd2fb528, "zstd"],
]);

export interface Payload {
  /** From which `<unpacker> -d` makes the vmlinux. */
  stream: Buffer;
  unpacker: "lz4" | "zstd";
}

/**
 * The compressed vmlinux inside a bzImage. See "The Linux/x86 Boot Protocol", fields setup_sects, payload_offset and
 * payload_length; the last four bytes of the payload are its unpacked size and no part of the stream.
 */
export function compressedPayload(bzImage: Buffer): Payload {
  if (bzImage.length < 0x250 || bzImage.toString("latin1", magicAt, magicAt + 4) !== "HdrS") {
    throw new Error("the kernel is no bzImage");
  }
  const setupSectors = bzImage.readUInt8(setupSectorsAt) || 4;
  const start = (setupSectors + 1) * 512 + bzImage.readUInt32LE(payloadOffsetAt);
  const end = start + bzImage.readUInt32LE(payloadLengthAt) - 4;
  if (end > bzImage.length || end - start < 4) throw new Error("the kernel's payload is cut");
  const stream = bzImage.subarray(start, end);
  const unpacker = unpackers.get(stream.readUInt32LE(0));
  if (unpacker === undefined)
    throw new Error("the kernel's payload is compressed with neither LZ4 nor zstd");
  return { stream, unpacker };
}
