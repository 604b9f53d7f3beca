import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { chown, type FileHandle, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { VirtError } from "../../errors.ts";
import { hostError } from "../../host/errno.ts";
import { pinnedPath, pinReal } from "../../host/files.ts";
import { makeTrustedFolder } from "../../host/trusted.ts";
import type { UserIds } from "../../host/user-ids.ts";
import type { DiskDevice } from "../../hypervisor/device.ts";
import type { Context } from "../../operation/context.ts";
import type { Ledger, LedgerRecord } from "../../store/ledger.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { describeUser, livingUser, userId } from "../../store/user.ts";
import { bindImage } from "./volumes.ts";

/** How long one waits for others that note what they use. */
const lockTimeoutMs = 60_000;

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
  const path = join(disksFolder(context), useName(context, use, sandbox.id));
  await ledger.take({ kind: "file", path }, () => claim(context, path, disk.path));
  if (given) {
    const { dev, ino, uid, gid } = found;
    const record = { kind: "owner", path: disk.path, dev, ino, uid, gid, user: user.uid } as const;
    await ledger.take(record, () => chownToVmm(pinned, disk.path, user));
  }
  const place = placeOf(context, sandbox.id, driveId);
  const direct = user === undefined || disk.device;
  const boundPath = direct ? disk.path : await bindImage(context, pinned, place, ledger);
  return {
    kind: "disk",
    id: driveId,
    path: boundPath,
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
  if (record.kind !== "file" || dirname(record.path) !== disksFolder(context)) return undefined;
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

/** Which disks of the host are used, and by whom: beside images and volumes, for all state folders. */
function disksFolder({ dataDir }: Context): string {
  return join(dataDir, "disks");
}

function useName(
  context: Context,
  use: { key: string; mode: "r" | "w"; driveId: string },
  sandboxId: string,
): string {
  return `${use.key}.${use.mode}.${use.driveId}.${context.store.userName(sandboxId)}`;
}

/** One at a time, so that nobody sees a use that is only half noted. */
async function claim(context: Context, path: string, disk: string): Promise<void> {
  const { host, dataDir, store } = context;
  const folder = dirname(path);
  makeTrustedFolder(dataDir, 0o711);
  makeTrustedFolder(folder, 0o700);
  const options = { create: true, timeoutMs: lockTimeoutMs };
  using _lock = await host.locks.acquire(join(folder, ".lock"), "exclusive", options);
  const [key, mode] = basename(path).split(".");
  for (const name of await readdir(folder)) {
    const [otherKey, otherMode, , ...rest] = name.split(".");
    if (name.startsWith(".") || name === basename(path)) continue;
    const id = userId(rest.join("."));
    const home = await livingUser(host, join(folder, name), id);
    if (home === undefined) await rm(join(folder, name), { force: true });
    else if (otherKey === key && (mode !== "r" || otherMode !== "r"))
      throw busy(disk, home === store.stateDir ? id : `${id} of ${home}`);
  }
  try {
    await writeFile(path, await describeUser(host, store.stateDir), { mode: 0o600 });
  } catch (error) {
    throw hostError(error, `noting the use of ${disk}`);
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
async function chownToVmm(pinned: FileHandle, path: string, user: UserIds): Promise<void> {
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
