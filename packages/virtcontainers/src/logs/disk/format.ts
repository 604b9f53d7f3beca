/** What the log's disk begins with, in a block of its own: the agent writes to no other disk. docs/log-format.md. */
export const magic = "VIRTCLOGDISK1\n";
export const blockBytes = 512;

/** The first block of a disk of so many bytes. */
export function encodeHeader(diskBytes: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(`${magic}${diskBytes}\n`);
  return header;
}
