import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { chown, type FileHandle, open, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { VirtError } from "../../errors.ts";
import { hostError } from "../../host/errno.ts";
import { pinnedPath, pinReal } from "../../host/files.ts";
import { makeTrustedFolder } from "../../host/trusted.ts";
import type { DiskDevice } from "../../hypervisor/device.ts";
import type { Context } from "../../operation/context.ts";
import type { Ledger, LedgerRecord } from "../../store/ledger.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { reachableImage } from "./volumes.ts";

type RootDisk = NonNullable<StoredContainer["disk"]>;

/**
 * Takes the disk that is a container's root. What is written to, or has to be given to the VMM's user, is one
 * container's at a time. BUSY.
 */
export async function holdRootDisk(
  context: Context,
  sandbox: StoredSandbox,
  disk: RootDisk,
  driveId: string,
  ledger: Ledger,
): Promise<DiskDevice> {
  // Pinned once, so that all that follows is done to the one file that was looked at.
  await using pinned = await pinDisk(disk);
  const found = await pinned.stat();
  const { user } = sandbox;
  const given = user !== undefined && !(disk.layered && (found.mode & constants.S_IROTH) !== 0);
  const use = { key: keyOf(found), mode: given || !disk.layered ? "w" : "r", driveId } as const;
  const path = join(context.store.disksFolder, useName(use, sandbox.id));
  await ledger.take({ kind: "file", path }, () => claim(context, sandbox.id, path, disk.path));
  if (given) {
    const { dev, ino, uid, gid } = found;
    const record = { kind: "owner", path: disk.path, dev, ino, uid, gid, user: user.uid } as const;
    await ledger.take(record, () => give(pinned, disk.path, user));
  }
  const place = placeOf(context, sandbox.id, driveId);
  const direct = user === undefined || disk.device;
  const reached = direct ? disk.path : await reachableImage(context, pinned, place, ledger);
  return {
    kind: "disk",
    id: driveId,
    path: reached,
    format: "raw",
    readonly: disk.layered,
    ...(disk.device && { device: true }),
  };
}

/** True for what the sandbox holds of the disk that it has under an id. */
export function isOfRootDisk(
  context: Context,
  sandboxId: string,
  driveId: string,
  disk: RootDisk | undefined,
): (record: LedgerRecord) => boolean {
  const place = placeOf(context, sandboxId, driveId);
  return (record) => {
    if (record.kind === "mount") return record.target === place;
    if (record.kind === "owner") return record.path === disk?.path;
    return (
      record.kind === "file" && (record.path === place || driveOf(context, record) === driveId)
    );
  };
}

/** The id under which a sandbox uses a disk, if the record says that it does. */
export function driveOf(context: Context, record: LedgerRecord): string | undefined {
  if (record.kind !== "file" || dirname(record.path) !== context.store.disksFolder)
    return undefined;
  return basename(record.path).split(".")[2];
}

function placeOf(context: Context, sandboxId: string, driveId: string): string {
  return join(context.store.folder(sandboxId).vm, `root-${driveId}.img`);
}

/** The same disk has the same key, whatever path leads to it. */
function keyOf(found: Stats): string {
  const what = found.isBlockDevice() ? `device ${found.rdev}` : `file ${found.dev} ${found.ino}`;
  return createHash("sha256").update(what).digest("hex").slice(0, 16);
}

function useName(use: { key: string; mode: "r" | "w"; driveId: string }, sandboxId: string) {
  return `${use.key}.${use.mode}.${use.driveId}.${sandboxId}`;
}

/** Its own name is there before it looks for others: of two at once, at least one sees the other. */
async function claim(
  context: Context,
  sandboxId: string,
  path: string,
  disk: string,
): Promise<void> {
  const folder = dirname(path);
  try {
    makeTrustedFolder(folder, 0o700);
    await (await open(path, "w", 0o600)).close();
  } catch (error) {
    throw hostError(error, `noting the use of ${disk}`);
  }
  const [key, mode] = basename(path).split(".");
  for (const name of await readdir(folder)) {
    const [otherKey, otherMode, , ...id] = name.split(".");
    if (name === basename(path) || otherKey !== key) continue;
    if (mode === "r" && otherMode === "r") continue;
    const other = id.join(".");
    if (other === sandboxId || (await context.store.ids()).includes(other)) throw busy(disk, other);
  }
}

/** Its path was made real when the container was planned: whoever swaps a part of it for a link is refused. */
async function pinDisk(disk: RootDisk): Promise<FileHandle> {
  let pinned: FileHandle;
  try {
    pinned = await pinReal(disk.path);
  } catch (error) {
    throw hostError(error, `looking at ${disk.path}`);
  }
  const found = await pinned.stat();
  if (disk.device ? found.isBlockDevice() : found.isFile()) return pinned;
  await pinned.close();
  throw new VirtError("HOST_FAILED", `${disk.path} is no longer the disk that it was`, {
    hint: "Put it back, or make the container anew with another one.",
  });
}

/** As to a volume's image: the VMM's user can't write what is another's. */
async function give(
  pinned: FileHandle,
  path: string,
  user: { uid: number; gid: number },
): Promise<void> {
  try {
    await chown(pinnedPath(pinned.fd), user.uid, user.gid);
  } catch (error) {
    throw hostError(error, `giving ${path} to the VMM's user`);
  }
}

function busy(path: string, sandboxId: string): VirtError {
  return new VirtError("BUSY", `${path} is a disk that the sandbox ${sandboxId} uses`, {
    field: "rootFs.source",
    hint: "Delete that container or sandbox first. With the option ro a disk that all may read can be shared.",
  });
}
