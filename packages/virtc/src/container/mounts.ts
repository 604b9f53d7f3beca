import type { ContainerConfig, Image, Mount } from "virtcontainers";
import { anonymousLabel, isAnonymous } from "../args/mounts/anonymous.ts";
import { parseMount } from "../args/mounts/mount.ts";
import { parseShmSize, parseTmpfs } from "../args/mounts/tmpfs.ts";
import { parseVolume } from "../args/mounts/volume.ts";
import { isLibraryError } from "../errors/library.ts";
import type { Library } from "../library.ts";
import { imageVolumes } from "./image-volumes.ts";
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

/**
 * Makes the volumes that a container names and that are not there yet, as docker does, and those that its image asks
 * for, which `make` is told; then the container. If that fails, what nobody has named goes again.
 */
export async function withVolumes<T>(
  request: { mounts: readonly Mount[]; options: Pick<ContainerOptions, "imageVolume"> },
  image: Image | undefined,
  library: Pick<Library, "volumes">,
  signal: AbortSignal,
  make: (further: readonly Mount[]) => Promise<T>,
): Promise<T> {
  const further = imageVolumes(image, request.mounts, request.options.imageVolume);
  const made: string[] = [];
  try {
    for (const mount of [...request.mounts, ...further]) {
      if (mount.type !== "volume" || (await isThere(mount.source, library, signal))) continue;
      const isUnnamed = isAnonymous(mount.source);
      const labels = isUnnamed ? { labels: { [anonymousLabel]: "" } } : {};
      const making = library.volumes.create({ name: mount.source, ...labels }, { signal });
      await making.catch(ignoreExisting);
      if (isUnnamed) made.push(mount.source);
    }
    return await make(further);
  } catch (error) {
    for (const name of made) await library.volumes.remove(name).catch(() => {});
    throw error;
  }
}

/** A container with further mounts. */
export function withMounts(config: ContainerConfig, further: readonly Mount[]): ContainerConfig {
  if (further.length === 0) return config;
  return { ...config, mounts: [...(config.mounts ?? []), ...further] };
}

async function isThere(
  name: string,
  library: Pick<Library, "volumes">,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await library.volumes.inspect(name, { signal });
    return true;
  } catch (error) {
    if (isLibraryError(error, "VOLUME_NOT_FOUND")) return false;
    throw error;
  }
}

/** Somebody else was faster. */
function ignoreExisting(error: unknown): void {
  if (!isLibraryError(error, "ALREADY_EXISTS")) throw error;
}
