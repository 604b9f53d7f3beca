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
  /** Where the container sees it; made where it is missing. */
  destination: v.pipe(
    absolutePath(),
    v.check((path) => /[^/]/.test(path), "it must not be /"),
  ),
  /** As of mount(8): ro, nosuid, nodev, noexec, noatime... */
  options: v.optional(v.pipe(v.array(mountOption), v.maxLength(64))),
};

const size = v.optional(integer(1, 16_777_216, "MiB"));

/** Letters and digits, as in the name of a sandbox. */
export const volumeName = id;

/** What a container sees at a path of its own; `type` says what is behind it. */
export const Mount = v.variant(
  "type",
  [
    v.strictObject({
      /**
       * A folder or file of the host. Where no file system is shared with the guest it is copied into the
       * guest when the container is created; that needs `readOnly`.
       */
      type: v.literal("bind"),
      /** Symbolic links on the way are resolved when the container is created, and never again. */
      source: absolutePath(),
      /** The host sees to it: nothing that the guest does makes it writable. */
      readOnly: flag,
      /**
       * The guest sees changes made on the host, with inotify; at most 16 files of 1 MiB together, read-only.
       * Without a shared file system it is a folder of at most 64 entries, copied again while a process holds
       * the sandbox and whenever something is started in it.
       */
      watchable: flag,
      ...common,
    }),
    v.strictObject({
      /** A volume of the store, or one of the sandbox's `volumes` by its mountTag. */
      type: v.literal("volume"),
      source: volumeName,
      readOnly: flag,
      /**
       * A volume of the store that is new and empty stays so; else it gets what the container's root has at the
       * destination, with owners and modes. Through a read-only mount of a folder nothing is filled.
       */
      noCopy: flag,
      ...common,
    }),
    v.strictObject({
      /** Memory of the guest, of this container alone. */
      type: v.literal("tmpfs"),
      source: v.optional(text(256)),
      /** Default: half of the guest's memory. */
      sizeMiB: size,
      readOnly: flag,
      ...common,
    }),
    v.strictObject({
      /** Memory of the guest that the sandbox's containers share: all that name the same source. */
      type: v.literal("ephemeral"),
      source: volumeName,
      /** Default: half of the guest's memory. The first container to name the source decides. */
      sizeMiB: size,
      readOnly: flag,
      ...common,
    }),
    v.strictObject({
      /** A folder of the guest that the sandbox's containers share: all that name the same source. */
      type: v.literal("local"),
      source: volumeName,
      readOnly: flag,
      ...common,
    }),
    v.strictObject({
      /** Huge pages of the guest's memory. */
      type: v.literal("hugetlbfs"),
      /** 2 MiB (default) or 1024 MiB. */
      pageSizeMiB: v.optional(v.picklist([2, 1024], "it must be 2 or 1024")),
      sizeMiB: integer(2, 16_777_216, "MiB"),
      ...common,
    }),
    v.strictObject({
      /** A file system that the guest's kernel makes by itself. */
      type: v.picklist(["proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2"]),
      source: v.optional(text(256)),
      readOnly: flag,
      ...common,
    }),
  ],
  "it must be bind, volume, tmpfs, ephemeral, local, hugetlbfs, proc, sysfs, devpts, mqueue, cgroup or cgroup2",
);
export type Mount = v.InferInput<typeof Mount>;

/** The mounts of one container, in the order in which they are made. */
export const Mounts = v.pipe(
  v.array(Mount),
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
