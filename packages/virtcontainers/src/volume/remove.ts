import { randomBytes } from "node:crypto";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { VirtError } from "../errors.ts";
import { removeTree } from "../host/remove-tree.ts";
import { locked, paths, staging, type VolumeContext, volumeNotFound } from "./context.ts";
import { readVolume, usersOf, volumeNames } from "./record.ts";

/** Removes a volume with all that is in it. */
export async function removeVolume(
  context: VolumeContext,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await locked(context, signal, async () => {
    const volume = await readVolume(context, name);
    if (volume === undefined) throw volumeNotFound(name);
    if (volume.usedBy.length > 0) throw inUse(name, volume.usedBy);
    await discard(context, name);
  });
}

/** Removes all that no sandbox holds; gives their names. */
export async function pruneVolumes(context: VolumeContext, signal: AbortSignal): Promise<string[]> {
  return await locked(context, signal, async () => {
    const removed: string[] = [];
    for (const name of await volumeNames(context)) {
      signal.throwIfAborted();
      if ((await usersOf(context, name)).length > 0) continue;
      await discard(context, name);
      removed.push(name);
    }
    // Nobody else is at work here: what is there was left by the killed.
    await removeTree(staging(context));
    return removed;
  });
}

/** It is gone with one rename, whenever this process may be killed. */
async function discard(context: VolumeContext, name: string): Promise<void> {
  const aside = join(staging(context), randomBytes(8).toString("hex"));
  await mkdir(staging(context), { recursive: true, mode: 0o700 });
  context.host.failpoint("volume.remove.before");
  await rename(paths(context, name).base, aside);
  context.host.failpoint("volume.remove.moved");
  await removeTree(aside);
}

function inUse(name: string, users: readonly string[]): VirtError {
  const list =
    users.length === 1
      ? `the sandbox ${users[0]}`
      : `${users.length} sandboxes: ${users.join(", ")}`;
  return new VirtError("BUSY", `the volume ${name} is used by ${list}`, {
    hint: "Delete what uses it first.",
  });
}
