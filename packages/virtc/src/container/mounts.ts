import type { Mount } from "virtcontainers";
import { anonymousLabel, isAnonymous } from "../args/mounts/anonymous.ts";
import { parseMount } from "../args/mounts/mount.ts";
import { parseShmSize, parseTmpfs } from "../args/mounts/tmpfs.ts";
import { parseVolume } from "../args/mounts/volume.ts";
import { isLibraryError } from "../errors/library.ts";
import type { Library } from "../library.ts";
import type { ContainerOptions } from "./options.ts";

/** The mounts that the options of a container ask for. */
export function parseMounts(options: ContainerOptions, cwd: string): Mount[] {
  const { volume, mount, tmpfs, shmSize } = options;
  return [
    ...volume.map((text) => parseVolume(text, cwd)),
    ...mount.map((text) => parseMount(text, cwd)),
    ...tmpfs.map(parseTmpfs),
    ...(shmSize === undefined ? [] : [parseShmSize(shmSize)]),
  ];
}

/** Makes the volumes that a container names and that are not there yet, as docker does. */
export async function obtainVolumes(
  { mounts }: { mounts: readonly Mount[] },
  library: Pick<Library, "volumes">,
  signal: AbortSignal,
): Promise<void> {
  for (const mount of mounts) {
    if (mount.type !== "volume") continue;
    try {
      await library.volumes.inspect(mount.source, { signal });
    } catch (error) {
      if (!isLibraryError(error, "VOLUME_NOT_FOUND")) throw error;
      const labels = isAnonymous(mount.source) ? { labels: { [anonymousLabel]: "" } } : {};
      const made = library.volumes.create({ name: mount.source, ...labels }, { signal });
      await made.catch(ignoreExisting);
    }
  }
}

/** Somebody else was faster. */
function ignoreExisting(error: unknown): void {
  if (!isLibraryError(error, "ALREADY_EXISTS")) throw error;
}
