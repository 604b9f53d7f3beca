import type { Mount } from "../../config/mount.ts";
import type { GuestAddress } from "../../store/guest-address.ts";
import type { StoredContainer, StoredMount } from "../../store/schema.ts";
import { diskStorage, type Storage, tmpfs } from "../guest-storage.ts";
import { guestMountPath, guestShared } from "./paths.ts";

/** What the guest mounts so that the container's mounts can be bound from there. */
export function mountStorages(
  container: StoredContainer,
  addresses: Readonly<Record<string, GuestAddress>>,
): Storage[] {
  return container.mounts.flatMap((stored, index) => {
    const mount = container.config.mounts?.[index];
    const mountPoint = guestMountPath(container, index);
    if (mount === undefined || mountPoint === undefined) return [];
    if (stored.kind === "drive") {
      return [diskStorage(stored.driveId, addresses, "ext4", ["nosuid", "nodev"], mountPoint)];
    }
    if (stored.kind === "share") return watched(container.id, stored, mountPoint);
    return memory(mount, mountPoint);
  });
}

/** The agent copies such a folder into memory of the guest, and again when the host has changed it. */
function watched(
  containerId: string,
  { watchable, name }: Extract<StoredMount, { kind: "share" }>,
  mountPoint: string,
): Storage[] {
  if (!watchable) return [];
  const source = `${guestShared}/${containerId}/${name}`;
  return [
    { driver: "watchable-bind", source, fstype: "bind", options: ["bind", "ro"], mountPoint },
  ];
}

/** `shared`: it belongs to the sandbox, and stays when a container of it goes. */
function memory(mount: Mount, mountPoint: string): Storage[] {
  switch (mount.type) {
    case "ephemeral": {
      const size = mount.sizeMiB === undefined ? [] : [`size=${mount.sizeMiB}m`];
      return [tmpfs(mountPoint, ["mode=1777", ...size])];
    }
    case "local":
      return [
        {
          driver: "local",
          source: "local",
          fstype: "local",
          options: ["mode=0777"],
          mountPoint,
          shared: true,
        },
      ];
    case "hugetlbfs": {
      const options = [`pagesize=${mount.pageSizeMiB ?? 2}M`, `size=${mount.sizeMiB}M`];
      return [{ driver: "ephemeral", source: "nodev", fstype: "hugetlbfs", options, mountPoint }];
    }
    default:
      return [];
  }
}
