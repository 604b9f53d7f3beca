import type { StoredContainer } from "../../store/schema.ts";

const guestRun = "/run/kata-containers";

/** Where the shared file system is in the guest; copies go there where there is none. */
export const guestShared = `${guestRun}/shared/containers`;

/** The folder of a container's copies. */
export function copiesFolder(containerId: string): string {
  return `${guestShared}/${containerId}`;
}

/** Where the copy is that a mount is made of. */
export function copyRoot(containerId: string, mount: { name: string }): string {
  return `${copiesFolder(containerId)}/${mount.name}`;
}

/**
 * The folder of a container's own mounts in the guest. Not that of its bundle, which agents remove with all that is in
 * it, be it mounted or not.
 */
export function containerBase(containerId: string): string {
  return `${guestRun}/sandbox/containers/${containerId}`;
}

/** The `/dev/shm` that all containers of a sandbox have in common, where they do. */
export const sharedShmPath = `${guestRun}/sandbox/shm`;

/** Where the guest has a file that all containers of the sandbox are given. */
export function sandboxFilePath(name: string): string {
  return `${guestRun}/sandbox/files/${name}`;
}

const watched = `${guestRun}/sandbox/watchable`;

/** Where the guest has what is behind a mount; undefined for what its kernel makes by itself. */
export function guestMountPath(container: StoredContainer, index: number): string | undefined {
  const mount = container.config.mounts?.[index];
  const stored = container.mounts[index];
  if (mount === undefined || stored === undefined) return undefined;
  if (stored.kind === "drive") return `${guestRun}/sandbox/storage/${stored.volume}`;
  if (stored.kind === "share" || stored.kind === "copy") {
    if (stored.kind === "share" && stored.watchable)
      return `${watched}/${container.id}-${stored.name}`;
    return `${guestShared}/${container.id}/${stored.name}`;
  }
  if (mount.type === "ephemeral") return `${guestRun}/sandbox/ephemeral/${mount.source}`;
  if (mount.type === "local") return `${guestRun}/sandbox/local/${mount.source}`;
  if (mount.type === "hugetlbfs") return `${containerBase(container.id)}/hugepages-${index}`;
  return undefined;
}
