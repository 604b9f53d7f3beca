import * as v from "valibot";
import { absolutePath, flag, id, integer, text } from "../validate.ts";

/** One option: what would end it or begin another has no place in it. */
export const mountOption = v.pipe(
  v.string("it must be a text"),
  v.regex(
    /^[a-zA-Z0-9][a-zA-Z0-9_.:=/%+-]{0,255}$/,
    "it must be one mount option, without commas, spaces and leading dashes",
  ),
);

const common = {
  destination: v.pipe(
    absolutePath(),
    v.check((path) => /[^/]/.test(path), "it must not be /"),
  ),
  options: v.optional(v.pipe(v.array(mountOption), v.maxLength(64))),
};

const size = v.optional(integer(1, 16_777_216, "MiB"));

/** Letters and digits, as in the name of a sandbox. */
export const volumeName = id;

/** What every mount has. */
interface MountCommon {
  /** Where the container sees it, an absolute path; made where it is missing. Not `/`. */
  destination: string;
  /** As of mount(8): ro, nosuid, nodev, noexec, noatime... At most 64. */
  options?: string[] | undefined;
}

/**
 * A folder or file of the host. Where no file system is shared with the guest it is copied into the
 * guest when the container is created; that needs `readOnly`.
 */
export interface BindMount extends MountCommon {
  /** A folder or file of the host. */
  type: "bind";
  /** An absolute path. Symbolic links on the way are resolved when the container is created, and never again. */
  source: string;
  /** The host sees to it: nothing that the guest does makes it writable. Default false. */
  readOnly?: boolean | undefined;
  /**
   * The guest sees changes made on the host, with inotify; at most 16 files of 1 MiB together, read-only.
   * Without a shared file system it is a folder of at most 64 entries, copied again while a process holds
   * the sandbox and whenever something is started in it.
   */
  watchable?: boolean | undefined;
}

/** A volume of the store, or one of the sandbox's `volumes`. */
export interface VolumeMount extends MountCommon {
  /** A volume. */
  type: "volume";
  /** Its name, or its mountTag. */
  source: string;
  /** Nothing is written to it. Default false. */
  readOnly?: boolean | undefined;
  /**
   * A volume of the store that is new and empty stays so; else it gets what the container's root has at the
   * destination, with owners and modes. Through a read-only mount of a folder nothing is filled. Default false.
   */
  noCopy?: boolean | undefined;
}

/** Memory of the guest, of this container alone. */
export interface TmpfsMount extends MountCommon {
  /** Memory of the guest. */
  type: "tmpfs";
  /** What mount(8) shows as its source. */
  source?: string | undefined;
  /** 1 MiB or more; default: half of the guest's memory. */
  sizeMiB?: number | undefined;
  /** Nothing is written to it. Default false. */
  readOnly?: boolean | undefined;
}

/** Memory of the guest that the sandbox's containers share: all that name the same source. */
export interface EphemeralMount extends MountCommon {
  /** Memory of the guest that containers share. */
  type: "ephemeral";
  /** Its name in the sandbox. */
  source: string;
  /** 1 MiB or more; default: half of the guest's memory. The first container to name the source decides. */
  sizeMiB?: number | undefined;
  /** This container writes nothing to it. Default false. */
  readOnly?: boolean | undefined;
}

/** A folder of the guest that the sandbox's containers share: all that name the same source. */
export interface LocalMount extends MountCommon {
  /** A folder of the guest that containers share. */
  type: "local";
  /** Its name in the sandbox. */
  source: string;
  /** This container writes nothing to it. Default false. */
  readOnly?: boolean | undefined;
}

/** Huge pages of the guest's memory. */
export interface HugetlbfsMount extends MountCommon {
  /** Huge pages. */
  type: "hugetlbfs";
  /** 2 MiB (default) or 1024 MiB. */
  pageSizeMiB?: 2 | 1024 | undefined;
  /** 2 MiB or more. */
  sizeMiB: number;
}

/** A file system that the guest's kernel makes by itself. */
export interface KernelMount extends MountCommon {
  /** Its type. */
  type: "proc" | "sysfs" | "devpts" | "mqueue" | "cgroup" | "cgroup2";
  /** What mount(8) shows as its source. */
  source?: string | undefined;
  /** Nothing is written to it. Default false. */
  readOnly?: boolean | undefined;
}

/** What a container sees at a path of its own; `type` says what is behind it. */
export type Mount =
  | BindMount
  | VolumeMount
  | TmpfsMount
  | EphemeralMount
  | LocalMount
  | HugetlbfsMount
  | KernelMount;

export const MountSchema = v.variant(
  "type",
  [
    v.strictObject({
      type: v.literal("bind"),
      source: absolutePath(),
      readOnly: flag,
      watchable: flag,
      ...common,
    }),
    v.strictObject({
      type: v.literal("volume"),
      source: volumeName,
      readOnly: flag,
      noCopy: flag,
      ...common,
    }),
    v.strictObject({
      type: v.literal("tmpfs"),
      source: v.optional(text(256)),
      sizeMiB: size,
      readOnly: flag,
      ...common,
    }),
    v.strictObject({
      type: v.literal("ephemeral"),
      source: volumeName,
      sizeMiB: size,
      readOnly: flag,
      ...common,
    }),
    v.strictObject({
      type: v.literal("local"),
      source: volumeName,
      readOnly: flag,
      ...common,
    }),
    v.strictObject({
      type: v.literal("hugetlbfs"),
      pageSizeMiB: v.optional(v.picklist([2, 1024], "it must be 2 or 1024")),
      sizeMiB: integer(2, 16_777_216, "MiB"),
      ...common,
    }),
    v.strictObject({
      type: v.picklist(["proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2"]),
      source: v.optional(text(256)),
      readOnly: flag,
      ...common,
    }),
  ],
  "it must be bind, volume, tmpfs, ephemeral, local, hugetlbfs, proc, sysfs, devpts, mqueue, cgroup or cgroup2",
);

/** The mounts of one container, in the order in which they are made. */
export const MountsSchema = v.pipe(
  v.array(MountSchema),
  v.maxLength(128, "there can be at most 128 mounts"),
  v.check(
    (mounts) => new Set(mounts.map(({ destination }) => destination)).size === mounts.length,
    "the destinations of the mounts must differ",
  ),
);

/** True if nothing may be written through the mount. */
export function isReadOnly(mount: {
  readOnly?: boolean | undefined;
  options?: string[] | undefined;
}) {
  return mount.readOnly ?? mount.options?.includes("ro") ?? false;
}
