import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StorageSchema } from "@virtcontainers/agent-protocol";
import { VirtError } from "../errors.ts";
import type { GuestAddress } from "../hypervisor/hypervisor.ts";
import type { StoredContainer } from "../store/schema.ts";

type Storage = MessageInitShape<typeof StorageSchema>;

const guestRun = "/run/kata-containers";

/** Where virtiofsd's share is mounted in the guest, and its tag. */
export const guestShared = `${guestRun}/shared/containers`;
export const sharedTag = "kataShared";

/** What the guest mounts when the sandbox is created. */
export function sandboxStorages(shared: boolean): Storage[] {
  if (!shared) return [];
  return [
    {
      driver: "virtio-fs",
      source: sharedTag,
      fstype: "virtiofs",
      options: ["nodev"],
      mountPoint: `${guestShared}/`,
    },
  ];
}

/** Where the root of a container is in the guest. */
export function guestRootPath({ id, image }: StoredContainer): string {
  return image === undefined ? `${guestShared}/${id}/rootfs` : `${guestRun}/${id}/rootfs`;
}

/** What the guest mounts for one container, in order, and where its root is then. */
export function containerStorages(
  container: StoredContainer,
  addresses: Readonly<Record<string, GuestAddress>>,
): { storages: Storage[]; rootPath: string } {
  const base = `${guestRun}/${container.id}`;
  const rootPath = guestRootPath(container);
  if (container.image === undefined) return { storages: [], rootPath };
  const lower = `${base}/lower`;
  const storages = [disk(container.drives.lower, addresses, "erofs", ["ro"], lower)];
  let upperBase = `${base}/writable`;
  if (container.drives.scratch !== undefined) {
    upperBase = `${base}/scratch`;
    storages.push(disk(container.drives.scratch, addresses, "ext4", ["nodev"], upperBase));
  }
  storages.push({
    driver: "overlayfs",
    source: "overlay",
    fstype: "overlay",
    options: [`lowerdir=${lower}`, `upperdir=${upperBase}/upper`, `workdir=${upperBase}/work`],
    mountPoint: rootPath,
  });
  return { storages, rootPath };
}

function disk(
  driveId: string | undefined,
  addresses: Readonly<Record<string, GuestAddress>>,
  fstype: string,
  options: string[],
  mountPoint: string,
): Storage {
  const address = addresses[driveId ?? ""];
  if (address === undefined) {
    throw new VirtError(
      "STATE_INVALID",
      `the address of the disk ${driveId} in the guest is not known`,
    );
  }
  const where =
    address.kind === "pci"
      ? { driver: "blk", source: address.path }
      : { driver: "scsi", source: address.address };
  return { ...where, fstype, options, mountPoint };
}
