import { access } from "node:fs/promises";
import { join } from "node:path";
import { VirtError } from "../errors.ts";
import { hostError } from "../host/errno.ts";
import type { Host } from "../host/host.ts";
import { makePrivateFolder } from "../host/trusted.ts";

/** How long one waits for another that changes the volumes. */
const lockTimeoutMs = 60_000;

/** What the volumes work with. */
export interface VolumeContext {
  host: Host;
  /** Folder of all volumes. */
  folder: string;
  /** Where the sandboxes are, to know which of those that held a volume are still there. */
  stateDir: string;
}

/** What is where in the folder of one volume. */
export function paths(context: Pick<VolumeContext, "folder">, name: string) {
  const base = join(context.folder, name);
  return {
    base,
    record: join(base, "volume.json"),
    data: join(base, "data"),
    image: join(base, "disk.img"),
    users: join(base, "users"),
  };
}

/** Where a volume is made and unmade, so that a half one is never listed; no volume has such a name. */
export function staging(context: Pick<VolumeContext, "folder">): string {
  return join(context.folder, ".staging");
}

/** Runs what changes the volumes, one at a time. */
export async function locked<T>(
  context: VolumeContext,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  makePrivateFolder(context.folder);
  const path = join(context.folder, ".lock");
  const options = { create: true, timeoutMs: lockTimeoutMs, signal };
  using _lock = await context.host.locks.acquire(path, "exclusive", options);
  try {
    return await work();
  } catch (error) {
    throw hostError(error, `working on the volumes in ${context.folder}`);
  }
}

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

export function volumeNotFound(name: string): VirtError {
  return new VirtError("VOLUME_NOT_FOUND", `there is no volume ${name}`, {
    hint: `List them with \`virtc volume ls\`, or make it: virtc volume create ${name}`,
  });
}
