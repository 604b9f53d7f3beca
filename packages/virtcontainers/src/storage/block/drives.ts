import { writeFile } from "node:fs/promises";
import { VirtError } from "../../errors.ts";
import { hostError, isErrno } from "../../host/errno.ts";
import type { DiskDevice } from "../../hypervisor/device.ts";
import type { Context } from "../../operation/context.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { driveOf, holdRootDisk, isOfRootDisk } from "./hold-disk.ts";
import { isScratch, prepareScratch } from "./scratch.ts";
import { holdVolumes, isHeld } from "./volumes.ts";

/** Takes image and volumes for a sandbox and makes its scratch disk; gives the drives that the guest must get. */
export async function prepareDrives(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<DiskDevice[]> {
  const drives: DiskDevice[] = [];
  if (container.image !== undefined) {
    const id = nextDriveId(sandbox);
    container.drives.lower = id;
    await holdImage(context, sandbox.id, container.image.digest, ledger);
    drives.push({ kind: "disk", id, path: container.image.path, format: "raw", readonly: true });
  }
  if (container.disk !== undefined) {
    const id = nextDriveId(sandbox);
    container.drives[container.disk.layered ? "lower" : "root"] = id;
    drives.push(await holdRootDisk(context, sandbox, container.disk, id, ledger));
  }
  const sizeMiB = container.config.scratchMiB;
  if (sizeMiB !== undefined) {
    const id = nextDriveId(sandbox);
    drives.push(await prepareScratch(context, sandbox, container, id, sizeMiB, ledger, signal));
  }
  drives.push(...(await holdVolumes(context, sandbox, container, ledger, signal)));
  return drives;
}

/** Whether prepareDrives has any to give for it. */
export function needsDrives({ image, disk, config, mounts }: StoredContainer): boolean {
  const own = image ?? disk ?? config.scratchMiB;
  return own !== undefined || mounts.some(({ kind }) => kind === "drive");
}

/** Gives back the scratch disks of containers whose creator died before it wrote them down. */
export async function releaseOrphans(
  context: Context,
  sandbox: StoredSandbox,
  ledger: Ledger,
): Promise<void> {
  const owned = sandbox.containers
    .filter(({ drives }) => drives.scratch !== undefined)
    .map(({ id }) => isScratch(context, sandbox.id, id));
  const isAny = isScratch(context, sandbox.id);
  await ledger.release((record) => isAny(record) && !owned.some((isOwned) => isOwned(record)));
  const places = sandbox.containers.map(({ id }) => `/${sandbox.id}/mounts/${id}/`);
  await ledger.release(
    (record) =>
      record.kind === "mount" &&
      record.target.includes(`/${sandbox.id}/mounts/`) &&
      !places.some((place) => record.target.includes(place)),
  );
  await releaseOrphanDisks(context, sandbox, ledger);
}

async function releaseOrphanDisks(
  context: Context,
  sandbox: StoredSandbox,
  ledger: Ledger,
): Promise<void> {
  const owned = new Set(sandbox.containers.flatMap(({ drives }) => [drives.lower, drives.root]));
  const disks = new Set(sandbox.containers.map(({ disk }) => disk?.path));
  await ledger.release((record) => record.kind === "owner" && !disks.has(record.path));
  for (const { record } of ledger.entries()) {
    const id = driveOf(context, record);
    if (id === undefined || owned.has(id)) continue;
    await ledger.release(isOfRootDisk(context, sandbox.id, id, undefined));
  }
}

function nextDriveId(sandbox: StoredSandbox): string {
  return `drive-${sandbox.nextDrive++}`;
}

/** Keeps the image from being removed while the sandbox lives. */
async function holdImage(
  context: Context,
  sandboxId: string,
  digest: string,
  ledger: Ledger,
): Promise<void> {
  const path = context.images.userFile(digest, context.store.userName(sandboxId));
  if (isHeld(ledger, path)) return;
  await ledger.take({ kind: "file", path }, async () => {
    try {
      await writeFile(path, context.store.folder(sandboxId).path, { mode: 0o600 });
    } catch (error) {
      if (isErrno(error, "ENOENT")) throw removedMeanwhile(digest);
      throw hostError(error, `holding the image ${digest}`);
    }
  });
}

function removedMeanwhile(digest: string): VirtError {
  return new VirtError("IMAGE_NOT_FOUND", `the image ${digest} was removed meanwhile`, {
    hint: "Pull or import it again.",
  });
}
