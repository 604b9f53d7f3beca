import { randomBytes } from "node:crypto";
import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type VolumeOptions, VolumeOptionsSchema } from "../config/volume.ts";
import { invalidArgument, VirtError } from "../errors.ts";
import { makeExt4 } from "../host/ext4.ts";
import { removeTree } from "../host/remove-tree.ts";
import { parse } from "../validate.ts";
import { exists, locked, paths, staging, type VolumeContext, volumeNotFound } from "./context.ts";
import { markFresh } from "./fresh.ts";
import { readVolume, type VolumeRecord } from "./record.ts";
import type { Volume } from "./volume.ts";

const defaultSizeMiB = 1024;

/** Makes a volume aside and puts it in its place when it is whole. */
export async function createVolume(
  context: VolumeContext,
  options: VolumeOptions,
  signal: AbortSignal,
): Promise<Volume> {
  const given = parse(VolumeOptionsSchema, options, "options");
  const driver = given.driver ?? (context.host.uid === 0 ? "folder" : "ext4");
  if (driver === "folder" && given.sizeMiB !== undefined) {
    throw invalidArgument("options.sizeMiB", given.sizeMiB, "only the driver ext4 has a size");
  }
  const name = given.name ?? randomBytes(6).toString("hex");
  const record: VolumeRecord = {
    version: 1,
    name,
    driver,
    ...(driver === "ext4" && { sizeMiB: given.sizeMiB ?? defaultSizeMiB }),
    labels: given.labels ?? {},
    createdAt: new Date().toISOString(),
  };
  return await locked(context, signal, async () => {
    if (await exists(paths(context, name).base)) throw taken(name);
    await make(context, record, signal);
    const volume = await readVolume(context, name);
    if (volume === undefined) throw volumeNotFound(name);
    return volume;
  });
}

async function make(
  context: VolumeContext,
  record: VolumeRecord,
  signal: AbortSignal,
): Promise<void> {
  const aside = { folder: join(staging(context), randomBytes(8).toString("hex")) };
  const place = paths(aside, record.name);
  context.host.failpoint("volume.create.before");
  try {
    await mkdir(place.users, { recursive: true, mode: 0o700 });
    if (record.driver === "ext4") {
      const sizeMiB = record.sizeMiB ?? defaultSizeMiB;
      await makeExt4(context.host, place.image, sizeMiB, { journal: true, signal });
    } else {
      await mkdir(place.data);
      // Whatever the umask: other users of a container get in, as into a folder of an image.
      await chmod(place.data, 0o755);
    }
    await markFresh(place.base);
    await writeFile(place.record, JSON.stringify(record), { mode: 0o600 });
    context.host.failpoint("volume.create.made");
    await rename(place.base, paths(context, record.name).base);
  } finally {
    await removeTree(aside.folder);
  }
}

function taken(name: string): VirtError {
  return new VirtError("ALREADY_EXISTS", `a volume ${name} exists already`, {
    field: "options.name",
    hint: "Choose another name, or remove that volume first.",
  });
}
