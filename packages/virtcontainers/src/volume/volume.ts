import type { VolumeDriver, VolumeOptions } from "../config/volume.ts";
import type { CallOptions } from "../deadline.ts";
import type { UserIds } from "../host/user-ids.ts";

/** Data that outlives the sandboxes that use it. */
export interface Volume {
  name: string;
  driver: VolumeDriver;
  /** On the host: the folder, or the image of the disk. */
  path: string;
  /** Size of the disk; a folder has none. */
  sizeMiB?: number | undefined;
  labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  createdAt: string;
  /** Ids of the sandboxes that hold it. */
  usedBy: readonly string[];
}

/**
 * The named volumes of one user. A folder may be used by many sandboxes at once, a disk by one. All methods
 * throw VirtError, and end by the signal.
 */
export interface Volumes {
  /** ALREADY_EXISTS, INVALID_ARGUMENT, NO_SPACE. */
  create(options?: VolumeOptions, call?: CallOptions): Promise<Volume>;
  /** By name. */
  list(call?: CallOptions): Promise<Volume[]>;
  /** VOLUME_NOT_FOUND. */
  inspect(name: string, call?: CallOptions): Promise<Volume>;
  /** Removes a volume with all that is in it. BUSY while a sandbox holds it; VOLUME_NOT_FOUND. */
  remove(name: string, call?: CallOptions): Promise<void>;
  /** Removes all volumes that no sandbox holds, and what killed processes left; gives the names. */
  prune(call?: CallOptions): Promise<string[]>;
}

/** What the sandboxes use of the volumes. */
export interface VolumeStore extends Volumes {
  /** The file whose presence says that the sandbox holds the volume. */
  userFile(name: string, sandboxId: string): string;
  imageFile(name: string): string;
  /** Writes the userFile; a disk is given to `user`. BUSY if another sandbox holds the disk; VOLUME_NOT_FOUND. */
  hold(
    name: string,
    sandbox: { id: string; user: UserIds | undefined },
    signal: AbortSignal,
  ): Promise<void>;
  /** A volume that nothing has been in yet, while nobody else holds it for that; undefined for any other. */
  holdFresh(name: string, signal: AbortSignal): Promise<FreshVolume | undefined>;
}

/** A volume that may be filled; disposing of it lets others at it. */
export interface FreshVolume extends Disposable {
  /** Something is in it: it is fresh no more. */
  used(): Promise<void>;
}
