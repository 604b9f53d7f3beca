import { join } from "node:path";
import { volumeName } from "../config/mount.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import type { Host } from "../host/host.ts";
import { userName } from "../store/user.ts";
import { parse } from "../validate.ts";
import { paths, type VolumeContext, volumeNotFound } from "./context.ts";
import { createVolume } from "./create.ts";
import { holdFresh } from "./fresh.ts";
import { holdVolume } from "./hold.ts";
import { readVolume, volumeNames } from "./record.ts";
import { pruneVolumes, removeVolume } from "./remove.ts";
import type { Volume, VolumeStore } from "./volume.ts";

/** Default deadline of an operation on volumes. */
const timeoutMs = 120_000;

/** The volumes below `dataDir`. */
export function createVolumes(host: Host, dataDir: string, stateDir: string): VolumeStore {
  const context: VolumeContext = { host, folder: join(dataDir, "volumes"), stateDir };
  const run = async <T>(
    name: string,
    call: CallOptions | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    using deadline = new Deadline(call ?? {}, timeoutMs, `volumes.${name}`);
    return await deadline.race(work(deadline.signal));
  };
  const named = (name: string): string => parse(volumeName, name, "name");
  return {
    create: (options = {}, call) =>
      run("create", call, (signal) => createVolume(context, options, signal)),
    list: (call) => run("list", call, () => listVolumes(context)),
    inspect: (name, call) => run("inspect", call, () => findVolume(context, named(name))),
    remove: (name, call) =>
      run("remove", call, (signal) => removeVolume(context, named(name), signal)),
    prune: (call) => run("prune", call, (signal) => pruneVolumes(context, signal)),
    userFile: (name, sandboxId) => join(paths(context, name).users, userName(sandboxId, stateDir)),
    imageFile: (name) => paths(context, name).image,
    holdFresh: (name, signal) => holdFresh(context, name, signal),
    hold: (name, sandbox, signal) => holdVolume(context, name, sandbox, signal),
  };
}

async function listVolumes(context: VolumeContext): Promise<Volume[]> {
  const volumes: Volume[] = [];
  for (const name of await volumeNames(context)) {
    const volume = await readVolume(context, name);
    if (volume !== undefined) volumes.push(volume);
  }
  return volumes;
}

async function findVolume(context: VolumeContext, name: string): Promise<Volume> {
  const volume = await readVolume(context, name);
  if (volume === undefined) throw volumeNotFound(name);
  return volume;
}
