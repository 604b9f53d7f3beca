import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { VolumeDriverSchema } from "../config/volume.ts";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import { assertTrusted } from "../host/trusted.ts";
import { readIfThere } from "../store/files.ts";
import { livingUser, userId } from "../store/user.ts";
import { paths, type VolumeContext } from "./context.ts";
import type { Volume } from "./volume.ts";

/** A volume as it is kept on disk. */
export const VolumeRecord = v.object({
  version: v.literal(1),
  name: v.string(),
  driver: VolumeDriverSchema,
  sizeMiB: v.optional(v.number()),
  labels: v.record(v.string(), v.string()),
  createdAt: v.string(),
});
export type VolumeRecord = v.InferOutput<typeof VolumeRecord>;

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

/** The sandboxes that use it and are still there. */
export async function usersOf(context: VolumeContext, name: string): Promise<string[]> {
  const { host, stateDir } = context;
  const { users } = paths(context, name);
  const living: string[] = [];
  for (const user of (await readdir(users).catch(() => [])).sort()) {
    const id = userId(user);
    const home = await livingUser(host, join(users, user), id);
    if (home !== undefined) living.push(home === stateDir ? id : `${id} of ${home}`);
  }
  return living;
}
