import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import { assertTrusted } from "../host/trusted.ts";
import { readIfThere } from "../store/files.ts";
import { exists, paths, type VolumeContext } from "./context.ts";
import type { Volume } from "./volume.ts";

/** A volume as it is kept on disk. */
export const VolumeRecord = v.object({
  version: v.literal(1),
  name: v.string(),
  driver: v.picklist(["folder", "ext4"]),
  sizeMiB: v.optional(v.number()),
  labels: v.record(v.string(), v.string()),
  createdAt: v.string(),
});
export type VolumeRecord = v.InferOutput<typeof VolumeRecord>;

/** A sandbox that holds a volume, as its file tells. */
const User = v.object({ bootId: v.string(), stateDir: v.string() });
export type User = v.InferOutput<typeof User>;

/** Undefined if there is no such volume. STATE_INVALID. */
export async function readVolume(
  context: VolumeContext,
  name: string,
): Promise<Volume | undefined> {
  const { record, data, image } = paths(context, name);
  const text = await readIfThere(record);
  if (text === undefined) return undefined;
  try {
    const found = v.parse(VolumeRecord, JSON.parse(text));
    return {
      name,
      driver: found.driver,
      path: found.driver === "folder" ? data : image,
      ...(found.sizeMiB !== undefined && { sizeMiB: found.sizeMiB }),
      labels: found.labels,
      createdAt: found.createdAt,
      usedBy: await usersOf(context, name),
    };
  } catch (cause) {
    if (cause instanceof VirtError) throw cause;
    throw new VirtError("STATE_INVALID", `${record} is damaged or of another release`, { cause });
  }
}

/** The names of all volumes. */
export async function volumeNames(context: VolumeContext): Promise<string[]> {
  if (!assertTrusted(context.folder)) return [];
  try {
    return (await readdir(context.folder)).filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw hostError(error, "listing the volumes");
  }
}

/** Those that are still there: after a reboot, or when its folder is gone, a sandbox holds nothing. */
export async function usersOf(context: VolumeContext, name: string): Promise<string[]> {
  const { users } = paths(context, name);
  const bootId = await context.host.bootId();
  const living: string[] = [];
  for (const id of (await readdir(users).catch(() => [])).sort()) {
    if (await isLiving(join(users, id), id, bootId)) living.push(id);
  }
  return living;
}

async function isLiving(path: string, id: string, bootId: string): Promise<boolean> {
  const text = await readIfThere(path);
  if (text === undefined) return false;
  try {
    const user = v.parse(User, JSON.parse(text));
    return user.bootId === bootId && (await exists(join(user.stateDir, "sbs", id)));
  } catch {
    // Cut by a full disk: its sandbox did not get the volume.
    return false;
  }
}
