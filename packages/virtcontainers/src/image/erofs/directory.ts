import type { DirectoryNode, ImageNode } from "../tree/node.ts";
import { blockBytes, direntBytes } from "./format.ts";

const typeNumbers: Readonly<Record<ImageNode["kind"], number>> = {
  file: 1,
  directory: 2,
  character: 3,
  block: 4,
  fifo: 5,
  symlink: 7,
};

/** The names of a folder, `.` and `..` among them, in the order in which the kernel searches them. */
export function sortedNames(directory: DirectoryNode): string[] {
  return [".", "..", ...directory.children.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Splits names over blocks: a block holds its entries and, behind them, their names. */
export function splitNames(names: readonly string[]): string[][] {
  const blocks: string[][] = [];
  let room = 0;
  for (const name of names) {
    const need = direntBytes + name.length;
    if (need > room || blocks.length === 0) {
      blocks.push([]);
      room = blockBytes;
    }
    blocks.at(-1)?.push(name);
    room -= need;
  }
  return blocks;
}

/** Bytes of a folder's content: full blocks and what the last one uses. */
export function directoryBytes(blocks: readonly string[][]): number {
  const last = blocks.at(-1) ?? [];
  return (blocks.length - 1) * blockBytes + usedBytes(last);
}

/** Encodes one block of a folder; `lookup` gives nid and kind of a name. */
export function encodeBlock(
  names: readonly string[],
  lookup: (name: string) => { nid: number; kind: ImageNode["kind"] },
): Buffer {
  const block = Buffer.alloc(usedBytes(names));
  let nameOffset = names.length * direntBytes;
  for (const [index, name] of names.entries()) {
    const { nid, kind } = lookup(name);
    block.writeBigUInt64LE(BigInt(nid), index * direntBytes);
    block.writeUInt16LE(nameOffset, index * direntBytes + 8);
    block.writeUInt8(typeNumbers[kind], index * direntBytes + 10);
    block.write(name, nameOffset, "latin1");
    nameOffset += name.length;
  }
  return block;
}

function usedBytes(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + direntBytes + name.length, 0);
}
