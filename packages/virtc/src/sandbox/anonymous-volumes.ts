import type { SandboxStatus } from "virtcontainers";
import { anonymousLabel, isAnonymous } from "../args/mounts/anonymous.ts";
import { isLibraryError } from "../errors/library.ts";
import type { Library } from "../library.ts";

type Needs = Pick<Library, "deleteSandbox" | "volumes">;

/** What the containers of a sandbox have mounted. */
export function mountsOf({ containersStatus }: Pick<SandboxStatus, "containersStatus">) {
  return containersStatus.flatMap(({ mounts }) => mounts);
}

/** Deletes a sandbox with the volumes that nobody has named; one that another container uses stays. */
export async function deleteWithVolumes(
  library: Needs,
  mounts: readonly { type: string; source?: string | undefined }[],
  remove: () => Promise<unknown>,
): Promise<void> {
  const names = mounts.flatMap(({ type, source = "" }) =>
    type === "volume" && isAnonymous(source) ? [source] : [],
  );
  await remove();
  for (const name of new Set(names)) {
    try {
      const { labels } = await library.volumes.inspect(name);
      if (Object.hasOwn(labels, anonymousLabel)) await library.volumes.remove(name);
    } catch (error) {
      if (!isLibraryError(error, "VOLUME_NOT_FOUND", "BUSY")) throw error;
    }
  }
}
