import { createHash } from "node:crypto";
import type { VerifiedBlob } from "../digest.ts";
import { errorCode, invalidImage } from "../failure.ts";
import type { Budget } from "../limits.ts";
import type { SpoolFile } from "../spool.ts";
import { StreamBytes } from "../tar/bytes.ts";
import { readTar, shown, type TarEntry } from "../tar/read.ts";
import type { SpooledEntry } from "../tree/apply.ts";
import { decompressed } from "./decompress.ts";

export interface UnpackOptions {
  budget: Budget;
  signal: AbortSignal;
  /** Number of the spool file among those of the image. */
  spoolNumber: number;
  /** Digest of the unpacked archive, where the image's configuration tells it. */
  diffId?: string | undefined;
  /** The archive must have its end marker, as no digest vouches for its end. */
  strict: boolean;
}

/**
 * Unpacks one layer: the content of its files goes to the spool, its entries are given in their order.
 * Nothing of the archive becomes a file name on the host. IMAGE_INVALID if it is damaged; where the
 * blob's digest is wrong, that is what the error says.
 */
export async function unpackLayer(
  blob: VerifiedBlob,
  spool: SpoolFile,
  options: UnpackOptions,
): Promise<SpooledEntry[]> {
  try {
    const entries = await spoolEntries(blob, spool, options);
    await blob.finish();
    return entries;
  } catch (error) {
    options.signal.throwIfAborted();
    const code = errorCode(error);
    const damaged = code === "IMAGE_INVALID" || code?.startsWith("Z_");
    if (damaged) await blob.finish();
    if (!code?.startsWith("Z_")) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw invalidImage(`the layer's gzip data is damaged: ${why}`, undefined, error);
  } finally {
    await blob.close();
  }
}

async function spoolEntries(
  blob: VerifiedBlob,
  spool: SpoolFile,
  options: UnpackOptions,
): Promise<SpooledEntry[]> {
  const { budget, signal, diffId } = options;
  const hash = createHash("sha256");
  const bytes = new StreamBytes(counted(decompressed(blob.chunks(), signal), hash, budget));
  const entries: SpooledEntry[] = [];
  try {
    for await (const entry of readTar(bytes, options)) {
      signal.throwIfAborted();
      budget.takeEntry(metadataBytes(entry));
      entries.push(await spoolEntry(entry, spool, options));
    }
    for (let rest = await bytes.some(2 ** 20); rest.length > 0; rest = await bytes.some(2 ** 20)) {
      signal.throwIfAborted();
    }
  } finally {
    await bytes.close();
  }
  const actual = `sha256:${hash.digest("hex")}`;
  if (diffId !== undefined && actual !== diffId) {
    throw invalidImage(`a layer is damaged: unpacked, its digest is ${actual}, not ${diffId}`);
  }
  return entries;
}

async function spoolEntry(
  entry: TarEntry,
  spool: SpoolFile,
  { signal, spoolNumber }: UnpackOptions,
): Promise<SpooledEntry> {
  const { body, ...rest } = entry;
  if (entry.type !== "file") return { ...rest, data: undefined };
  const offset = spool.position;
  for await (const part of body()) {
    signal.throwIfAborted();
    await spool.write(part);
  }
  return { ...rest, data: { spool: spoolNumber, offset, size: entry.size } };
}

/** What an extended attribute takes in memory beside its bytes. */
const xattrOverhead = 256;

function metadataBytes(entry: TarEntry): number {
  let total = entry.path.length + entry.linkTarget.length;
  for (const [name, value] of entry.xattrs) total += name.length + value.length + xattrOverhead;
  if (total > 256 * 1024) {
    throw invalidImage(`the archive's entry ${shown(entry.path)} has ${total} bytes of metadata`);
  }
  return total;
}

/** Everything that comes out of the unpacking is counted, headers too. */
async function* counted(
  source: AsyncIterable<Uint8Array>,
  hash: { update(part: Uint8Array): void },
  budget: Budget,
) {
  for await (const part of source) {
    budget.takeBytes(part.length);
    hash.update(part);
    yield part;
  }
}
