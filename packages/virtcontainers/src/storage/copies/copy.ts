import type { Agent } from "../../agent/agent.ts";
import { isVirtError, VirtError } from "../../errors.ts";
import { hostError } from "../../host/errno.ts";
import { pinReal } from "../../host/files.ts";
import type { Context } from "../../operation/context.ts";
import type { StoredContainer, StoredMount } from "../../store/schema.ts";
import { Tally, type TreeEntry } from "../../transfer/entry.ts";
import { hostTree } from "../../transfer/host-tree.ts";
import { sized } from "../../transfer/sized.ts";
import { copyRoot } from "../guest/paths.ts";

/** A copy lies in the guest's memory, so a mount may not be larger. */
const limits = { maxBytes: 64 * 1024 * 1024, maxEntries: 10_000 } as const;

const kinds = { folder: 0o040_000, link: 0o120_000, file: 0o100_000 } as const;

export type Copied = Extract<StoredMount, { kind: "copy" }>;

/** Copies what is behind a mount into the guest, with links, modes and owners. NOT_SUPPORTED if it is too much. */
export async function copyIntoGuest(
  context: Context,
  agent: Agent,
  container: StoredContainer,
  mount: Copied,
  signal: AbortSignal,
): Promise<void> {
  const tally = new Tally(limits);
  const root = copyRoot(container.id, mount);
  try {
    await using pinned = await pinReal(mount.path);
    for await (const entry of hostTree(pinned, mount.path, tally)) {
      tally.add(entry);
      await copyEntry(agent, [root, ...entry.path].join("/"), entry, tally, signal);
    }
  } catch (error) {
    if (isVirtError(error, "NO_SPACE")) throw tooLarge(mount, limits, error);
    throw hostError(error, `copying ${mount.path} into the guest`);
  }
  for (const { path, reason } of tally.skipped) {
    const fields = { containerId: container.id, mount: mount.path, path };
    context.logger.warn(fields, `not copied into the guest: ${reason}`);
  }
}

/** Makes one member of a tree in the guest. A file and a link get their name when they are whole. */
export async function copyEntry(
  agent: Agent,
  path: string,
  entry: TreeEntry,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const { mode, uid, gid, target } = entry;
  const fileMode = kinds[entry.kind] | mode;
  const common = { path, fileMode, dirMode: 0o755, uid, gid };
  const { size, body } = await sized(entry);
  if (entry.kind !== "file" || size === 0) {
    const data = Buffer.from(entry.kind === "link" ? target : "");
    await agent.copyFile({ ...common, data, fileSize: BigInt(data.length), offset: 0n }, signal);
    return;
  }
  let at = 0;
  for await (const data of body) {
    tally.addBytes(data.length);
    const place = { fileSize: BigInt(size), offset: BigInt(at) };
    await agent.copyFile({ ...common, data, ...place }, signal);
    at += data.length;
  }
  if (at < size) {
    throw new VirtError("HOST_FAILED", `${path} became shorter while it was copied`, {
      hint: "Try again.",
    });
  }
}

export function tooLarge(
  mount: Copied,
  { maxBytes, maxEntries }: { maxBytes: number; maxEntries: number },
  cause: VirtError,
): VirtError {
  const kind = mount.watchable ? "watched by copies" : "copied into the guest";
  return new VirtError(
    "NOT_SUPPORTED",
    `${mount.path} is too large to be ${kind}: at most ${maxBytes} bytes and ${maxEntries} entries are`,
    { cause, hint: "Run as root with sharedFS virtio-fs, or use a volume of the driver ext4." },
  );
}
