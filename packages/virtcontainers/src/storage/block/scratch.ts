import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hostError, isErrno } from "../../host/errno.ts";
import { makeExt4 } from "../../host/ext4.ts";
import { makeTrustedFolder } from "../../host/trusted.ts";
import type { DiskDevice } from "../../hypervisor/device.ts";
import type { Context } from "../../operation/context.ts";
import type { Ledger, LedgerRecord } from "../../store/ledger.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { isHeld } from "./volumes.ts";

/** Where the disks of writable layers are: beside images and volumes, for they may become large. */
function folderOf({ dataDir }: Pick<Context, "dataDir">): string {
  return join(dataDir, "layers");
}

/** The disk of a container's writable layer, which is kept until the container is deleted. */
export function scratchPath(context: Context, sandboxId: string, containerId: string): string {
  return join(folderOf(context), `${context.store.userName(sandboxId)}.${containerId}.img`);
}

/** Makes the disk of a container's writable layer, unless the container has had it before its VM was stopped. */
export async function prepareScratch(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  id: string,
  sizeMiB: number,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<DiskDevice> {
  const path = scratchPath(context, sandbox.id, container.id);
  const had = container.drives.scratch !== undefined && isHeld(ledger, path) && existsSync(path);
  container.drives.scratch = id;
  if (!had) {
    makeTrustedFolder(folderOf(context), 0o700);
    const options = { journal: true, owner: sandbox.user, signal };
    await ledger.take({ kind: "file", path }, async () => {
      // What a sandbox of this name left that is gone, ledger and all, as after a restart of the host.
      await rm(path, { force: true });
      await makeExt4(context.host, path, sizeMiB, options);
    });
  }
  return { kind: "disk", id, path, format: "raw", readonly: false };
}

/** True for the disk of a container's writable layer; of any, if none is named. */
export function isScratch(
  context: Context,
  sandboxId: string,
  containerId?: string,
): (record: LedgerRecord) => boolean {
  const only = containerId === undefined ? undefined : scratchPath(context, sandboxId, containerId);
  return (record) =>
    record.kind === "file" &&
    (only === undefined ? dirname(record.path) === folderOf(context) : record.path === only);
}

/** Removes the disks of sandboxes that are gone with their ledgers, as after a restart of the host; gives their paths. */
export async function sweepScratch(context: Context, dryRun: boolean): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(folderOf(context))) {
    const [, id] = /^(.+)@[0-9a-f]{16}\..+\.img$/.exec(name) ?? [];
    if (id === undefined || !name.startsWith(`${context.store.userName(id)}.`)) continue;
    if (existsSync(context.store.folder(id).path)) continue;
    const path = join(folderOf(context), basename(name));
    if (!dryRun) await rm(path, { force: true });
    found.push(path);
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw hostError(error, `reading the folder ${folder}`);
  }
}
