import { join } from "node:path";
import { isReadOnly, type Mount } from "../config/mount.ts";
import type { StoredContainer } from "../store/schema.ts";

/** A mount of a container, and what carries it. */
export interface MountStatus {
  type: Mount["type"];
  source: string | undefined;
  destination: string;
  options: string[];
  readOnly: boolean;
  /** Of what is shared with the guest: where the host has mounted it for that. */
  hostPath: string | undefined;
  /** Of a volume that is a disk: the id of the VM's block device. */
  blockDeviceID: string | undefined;
}

/** `place` is where the host mounts what it shares with this container. */
export function mountStatus({ config, mounts }: StoredContainer, place: string): MountStatus[] {
  return (config.mounts ?? []).map((mount, index) => {
    const way = mounts[index];
    return {
      type: mount.type,
      source: "source" in mount ? mount.source : undefined,
      destination: mount.destination,
      options: mount.options ?? [],
      readOnly: (way?.kind === "share" && way.readonly) || isReadOnly(mount),
      hostPath: way?.kind === "share" ? join(place, way.name) : undefined,
      blockDeviceID: way?.kind === "drive" ? way.driveId : undefined,
    };
  });
}
