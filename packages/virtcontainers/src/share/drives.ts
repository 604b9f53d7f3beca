import { open, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Context } from "../context.ts";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import type { BlockDrive } from "../hypervisor/hypervisor.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";

/** Takes an image for a sandbox and makes its scratch disk; gives the drives that the guest must get. */
export async function prepareDrives(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<BlockDrive[]> {
  const drives: BlockDrive[] = [];
  if (container.image !== undefined) {
    const id = nextDriveId(sandbox);
    container.drives.lower = id;
    await holdImage(context, sandbox.id, container.image.digest, ledger);
    drives.push({ id, path: container.image.path, format: "raw", readonly: true });
  }
  if (container.config.scratchMiB !== undefined) {
    const id = nextDriveId(sandbox);
    container.drives.scratch = id;
    const path = join(context.store.folder(sandbox.id).vm, `scratch-${id}.img`);
    await ledger.take({ kind: "file", path }, () =>
      makeScratch(context, path, container.config.scratchMiB ?? 0, sandbox.user, signal),
    );
    drives.push({ id, path, format: "raw", readonly: false });
  }
  return drives;
}

/** Gives back the scratch disks of containers whose creator died before it wrote them down. */
export async function releaseOrphans(sandbox: StoredSandbox, ledger: Ledger): Promise<void> {
  const owned = new Set(sandbox.containers.map(({ drives }) => `scratch-${drives.scratch}.img`));
  await ledger.release(
    (record) =>
      record.kind === "file" &&
      basename(record.path).startsWith("scratch-") &&
      !owned.has(basename(record.path)),
  );
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
  const path = context.images.userFile(digest, sandboxId);
  if (ledger.entries().some(({ record }) => record.kind === "file" && record.path === path)) return;
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

/** An empty ext4 file system in a sparse file. */
async function makeScratch(
  context: Context,
  path: string,
  sizeMiB: number,
  user: { uid: number; gid: number } | undefined,
  signal: AbortSignal,
): Promise<void> {
  const mkfs = await context.host.processes.which("mkfs.ext4");
  if (mkfs === undefined) {
    throw new VirtError("HOST_REQUIREMENT", "mkfs.ext4 is missing, which makes scratch disks", {
      field: "scratchMiB",
      hint: "Install the package e2fsprogs.",
    });
  }
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.truncate(sizeMiB * 1024 * 1024);
      // By its descriptor: the VMM, whose folder this is, could put a symlink in the path's place.
      const pinned = `/proc/${process.pid}/fd/${file.fd}`;
      const extended = "lazy_itable_init=1,nodiscard";
      const args = ["-q", "-F", "-m", "0", "-O", "^has_journal", "-E", extended, pinned];
      const { code, stderr } = await context.host.processes.run(mkfs, args, { signal });
      if (code !== 0) throw new VirtError("HOST_FAILED", `mkfs.ext4 failed: ${stderr.trim()}`);
      if (user !== undefined) await file.chown(user.uid, user.gid);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw hostError(error, `making the scratch disk ${path}`);
  }
}
