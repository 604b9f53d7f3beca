import type { GuestAddress } from "../../store/guest-address.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { storage9p } from "../9p/storage.ts";
import { diskStorage, type Storage, tmpfs } from "../guest-storage.ts";
import { virtiofsStorage } from "../virtiofs/storage.ts";
import { mountStorages } from "./mount-storages.ts";
import { containerBase, guestShared, sharedShmPath } from "./paths.ts";

/** The tag by which the guest mounts the shared file system. */
export const sharedTag = "kataShared";

type SharingSandbox = Pick<StoredSandbox, "config" | "shared">;

/** What the guest mounts when the sandbox is created. */
export function sandboxStorages(sandbox: SharingSandbox): Storage[] {
  const { shmSize } = sandbox.config;
  const shm = ["noexec", "mode=1777", `size=${shmSize}`];
  return [
    ...(sandbox.shared ? [sharedStorage(sandbox)] : []),
    ...(shmSize === undefined ? [] : [tmpfs(sharedShmPath, shm)]),
  ];
}

function sharedStorage(sandbox: SharingSandbox): Storage {
  const { hypervisorConfig = {} } = sandbox.config;
  const where = { source: sharedTag, mountPoint: `${guestShared}/` };
  return hypervisorConfig.sharedFS === "virtio-9p"
    ? storage9p(hypervisorConfig, where)
    : virtiofsStorage(hypervisorConfig, where);
}

/** Where the root of a container is in the guest. */
export function guestRootPath({ id, image, disk }: StoredContainer): string {
  const ofDisk = image !== undefined || disk !== undefined;
  return ofDisk ? `${containerBase(id)}/rootfs` : `${guestShared}/${id}/rootfs`;
}

/** What the guest mounts for one container, in order, and where its root is then. */
export function containerStorages(
  container: StoredContainer,
  addresses: Readonly<Record<string, GuestAddress>>,
): { storages: Storage[]; rootPath: string } {
  const base = containerBase(container.id);
  const mounted = mountStorages(container, addresses);
  const rootPath = guestRootPath(container);
  const { image, disk, drives } = container;
  if (image === undefined && disk === undefined) return { storages: mounted, rootPath };
  const { type = "erofs", options = [] } = disk ?? {};
  if (disk?.layered === false) {
    const root = diskStorage(drives.root, addresses, type, options, rootPath);
    return { storages: [root, ...mounted], rootPath };
  }
  const lower = `${base}/lower`;
  const storages = [diskStorage(drives.lower, addresses, type, ["ro", ...options], lower)];
  let upperBase = `${base}/writable`;
  if (drives.scratch !== undefined) {
    upperBase = `${base}/scratch`;
    storages.push(diskStorage(drives.scratch, addresses, "ext4", ["nodev"], upperBase));
  }
  storages.push({
    driver: "overlayfs",
    source: "overlay",
    fstype: "overlay",
    options: [`lowerdir=${lower}`, `upperdir=${upperBase}/upper`, `workdir=${upperBase}/work`],
    mountPoint: rootPath,
  });
  return { storages: [...storages, ...mounted], rootPath };
}
