import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { hostError } from "../../host/errno.ts";
import { pinTrusted } from "../../host/files.ts";
import type { DiskDevice } from "../../hypervisor/device.ts";
import type { Context } from "../../operation/context.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { StoredContainer, StoredMount, StoredSandbox } from "../../store/schema.ts";
import { volumeDriveId } from "../../volume/drive.ts";

/** The name of the volume behind a mount, if there is one. */
export function volumeOf(mount: StoredMount): string | undefined {
  return "volume" in mount ? mount.volume : undefined;
}

/**
 * Keeps the volumes of a container for its sandbox, and gives the disks among them that the sandbox does
 * not have yet. BUSY if such a disk is another sandbox's: two guests would destroy its file system.
 */
export async function holdVolumes(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<DiskDevice[]> {
  const drives: DiskDevice[] = [];
  for (const mount of container.mounts) {
    const name = volumeOf(mount);
    if (name === undefined) continue;
    const path = context.volumes.userFile(name, sandbox.id);
    if (!isHeld(ledger, path)) {
      await ledger.take({ kind: "file", path }, () =>
        context.volumes.hold(name, { id: sandbox.id, user: sandbox.user }, signal),
      );
    }
    const first = sandbox.containers.find(({ mounts }) => mounts.some((m) => volumeOf(m) === name));
    if (mount.kind !== "drive" || first !== container) continue;
    if (drives.some(({ id }) => id === mount.driveId)) continue;
    const file = context.volumes.imageFile(name);
    const place = imagePlace(context, sandbox, name);
    const image =
      sandbox.user === undefined ? file : await bindVolumeImage(context, file, place, ledger);
    drives.push({ kind: "disk", id: mount.driveId, path: image, format: "raw", readonly: false });
  }
  return drives;
}

/** Gives a volume back that the sandbox has no more use for. */
export async function letVolumeGo(
  context: Context,
  sandbox: StoredSandbox,
  name: string,
  ledger: Ledger,
): Promise<void> {
  const place = imagePlace(context, sandbox, name);
  const user = context.volumes.userFile(name, sandbox.id);
  await ledger.release((record) => record.kind === "mount" && record.target === place);
  await ledger.release(
    (record) => record.kind === "file" && (record.path === place || record.path === user),
  );
}

async function bindVolumeImage(
  context: Context,
  file: string,
  place: string,
  ledger: Ledger,
): Promise<string> {
  await using image = await pinTrusted(file);
  return await bindImage(context, image, place, ledger);
}

/** A VMM of another user can't enter the folder of a disk's image, so that is bound into its own. */
export async function bindImage(
  context: Context,
  image: FileHandle,
  target: string,
  ledger: Ledger,
): Promise<string> {
  if (!isHeld(ledger, target)) {
    await ledger.take({ kind: "file", path: target }, async () => {
      try {
        await (await open(target, "wx", 0o600)).close();
      } catch (error) {
        throw hostError(error, `making the file ${target}`);
      }
    });
  }
  if (!isMounted(ledger, target)) {
    await ledger.take({ kind: "mount", target }, () => context.host.mounts.bind(image, target));
  }
  return target;
}

function imagePlace(context: Context, sandbox: StoredSandbox, name: string): string {
  return join(context.store.folder(sandbox.id).vm, `${volumeDriveId(name)}.img`);
}

export function isHeld(ledger: Ledger, path: string): boolean {
  return ledger.entries().some(({ record }) => record.kind === "file" && record.path === path);
}

function isMounted(ledger: Ledger, target: string): boolean {
  return ledger.entries().some(({ record }) => record.kind === "mount" && record.target === target);
}
