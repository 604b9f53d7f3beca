import { closeSync, openSync, readSync, writeSync } from "node:fs";

const blockBytes = 512;

/** Writes to the disk for a guest's log as the agent does: a record's first block last, so that it is there whole. */
export class LogDiskWriter {
  readonly #path: string;
  #end = blockBytes;

  constructor(path: string) {
    this.#path = path;
  }

  /** What there is no room for is dropped. */
  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const kept = this.#end % blockBytes;
    const start = this.#end - kept;
    const blocks = Buffer.alloc(Math.ceil((kept + bytes.length) / blockBytes) * blockBytes);
    const file = openSync(this.#path, "r+");
    try {
      if (start + blocks.length > diskBytes(file)) return;
      readSync(file, blocks, 0, kept, start);
      blocks.set(bytes, kept);
      writeSync(file, blocks, blockBytes, blocks.length - blockBytes, start + blockBytes);
      writeSync(file, blocks, 0, blockBytes, start);
      this.#end += bytes.length;
    } finally {
      closeSync(file);
    }
  }
}

/** As the header tells; a disk without one is not written to. */
function diskBytes(file: number): number {
  const header = Buffer.alloc(blockBytes);
  readSync(file, header, 0, blockBytes, 0);
  const size = /^VIRTCLOGDISK1\n(\d+)\n\0*$/.exec(header.toString("latin1"))?.[1];
  return Number(size ?? 0);
}
