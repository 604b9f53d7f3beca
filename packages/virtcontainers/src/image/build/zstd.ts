import { Decompress } from "fzstd";
import { Turns } from "../../turns.ts";
import { invalidImage } from "../failure.ts";
import { StreamBytes } from "../tar/bytes.ts";

/** Largest window that is allotted, as the zstd tool's own limit. */
const maxWindowBytes = 128 * 1024 * 1024;

/**
 * Undoes zstd (RFC 8878). The frames are walked here and handed on block by block, so that no more than
 * one block (128 KiB) is unpacked at a time and no frame can ask for a window beyond 128 MiB.
 */
export async function* unzstd(
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const turns = new Turns(signal);
  const bytes = new StreamBytes(source);
  try {
    for (let magic = await bytes.read(4); magic.length > 0; magic = await bytes.read(4)) {
      if (turns.due) await turns.take();
      if (magic.length < 4) throw damaged("it is cut");
      const number = magic.readUInt32LE(0);
      if ((number & 0xffff_fff0) >>> 0 === 0x184d_2a50) {
        const size = (await exactly(bytes, 4)).readUInt32LE(0);
        if ((await bytes.skip(size)) < size) throw damaged("it is cut");
      } else if (number === 0xfd2f_b528) yield* frame(bytes, turns);
      else throw damaged("it has a wrong magic number");
    }
  } finally {
    await bytes.close();
  }
}

async function* frame(bytes: StreamBytes, turns: Turns): AsyncGenerator<Uint8Array> {
  const { header, checksum } = await frameHeader(bytes);
  const output: Uint8Array[] = [];
  const decoder = new Decompress((part) => output.push(part));
  decoder.push(header);
  for (let last = false; !last; ) {
    if (turns.due) await turns.take();
    const head = await exactly(bytes, 3);
    const value = head.readUIntLE(0, 3);
    last = (value & 1) === 1;
    const kind = (value >> 1) & 3;
    const size = kind === 1 ? 1 : value >> 3;
    if (kind === 3 || value >> 3 > 128 * 1024) throw damaged("it has an impossible block");
    const block = Buffer.concat([head, await exactly(bytes, size)]);
    const tail = last && checksum ? await exactly(bytes, 4) : Buffer.alloc(0);
    try {
      decoder.push(Buffer.concat([block, tail]), last);
    } catch (error) {
      throw damaged(error instanceof Error ? error.message : String(error));
    }
    yield* output.splice(0);
  }
}

/** Reads a frame's header and checks the window that it asks for. */
async function frameHeader(bytes: StreamBytes): Promise<{ header: Buffer; checksum: boolean }> {
  const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
  const descriptor = await exactly(bytes, 1);
  const flags = descriptor.readUInt8(0);
  const single = (flags & 0x20) !== 0;
  const windowField = single ? 0 : 1;
  const dictionaryField = [0, 1, 2, 4][flags & 3] ?? 0;
  const sizeField = [single ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const rest = Buffer.from(await exactly(bytes, windowField + dictionaryField + sizeField));
  if (
    dictionaryField > 0 &&
    rest.subarray(windowField, windowField + dictionaryField).some(Boolean)
  ) {
    throw damaged("it needs a dictionary");
  }
  const window = single
    ? contentSize(rest.subarray(dictionaryField))
    : 2 ** (10 + (rest.readUInt8(0) >> 3)) * (1 + (rest.readUInt8(0) & 7) / 8);
  if (window > maxWindowBytes) {
    throw damaged(`it needs a window of ${window} bytes, and ${maxWindowBytes} is the limit`);
  }
  return { header: Buffer.concat([magic, descriptor, rest]), checksum: (flags & 4) !== 0 };
}

function contentSize(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE(0));
  return field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0);
}

async function exactly(bytes: StreamBytes, count: number): Promise<Buffer> {
  const read = await bytes.read(count);
  if (read.length < count) throw damaged("it is cut");
  return Buffer.from(read);
}

function damaged(why: string) {
  return invalidImage(`the zstd data is damaged: ${why}`);
}
