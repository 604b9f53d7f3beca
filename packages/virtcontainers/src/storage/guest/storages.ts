import type { GuestAddress } from "../../store/guest-address.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { storage9p } from "../9p/storage.ts";
import { diskStorage, type Storage, tmpfs } from "../guest-storage.ts";
import { virtiofsStorage } from "../virtiofs/storage.ts";
import { mountStorages } from "./mount-storages.ts";
import { containerBase, guestShared, sharedShmPath } from "./paths.ts";

/** Has the agent make a folder that an overlay needs; this project's does so unasked. */
const createDirectory = "io.katacontainers.volume.overlayfs.create_directory";

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
  foreign = false,
): { storages: Storage[]; rootPath: string } {
  const base = containerBase(container.id);
  const known = foreign ? named(addresses) : addresses;
  const mounted = mountStorages(container, known);
  const rootPath = guestRootPath(container);
  const { image, disk, drives } = container;
  if (image === undefined && disk === undefined) return { storages: mounted, rootPath };
  const { type = "erofs", options = [] } = disk ?? {};
  if (disk?.layered === false) {
    const root = diskStorage(drives.root, known, type, options, rootPath);
    return { storages: [root, ...mounted], rootPath };
  }
  const lower = `${base}/lower`;
  const storages = [diskStorage(drives.lower, known, type, ["ro", ...options], lower)];
  let upperBase = `${base}/writable`;
  if (drives.scratch !== undefined) {
    upperBase = `${base}/scratch`;
    storages.push(diskStorage(drives.scratch, known, "ext4", ["nodev"], upperBase));
  }
  const [upper, work] = [`${upperBase}/upper`, `${upperBase}/work`];
  storages.push({
    driver: "overlayfs",
    source: "overlay",
    fstype: "overlay",
    options: [`lowerdir=${lower}`, `upperdir=${upper}`, `workdir=${work}`],
    driverOptions: [upper, work].map((folder) => `${createDirectory}=${folder}`),
    mountPoint: rootPath,
  });
  return { storages: [...storages, ...mounted], rootPath };
}

/**
 * By the names that the guest's kernel gave those disks that were there when it booted, as far as they are known: an
 * agent that waits for the kernel to announce a disk hears of these no more.
 */
function named(
  addresses: Readonly<Record<string, GuestAddress>>,
): Readonly<Record<string, GuestAddress>> {
  const byName = Object.entries(addresses).map(([id, address]): [string, GuestAddress] =>
    address.kind === "pci" && address.bootNode !== undefined
      ? [id, { kind: "mmio", node: address.bootNode }]
      : [id, address],
  );
  return Object.fromEntries(byName);
}
