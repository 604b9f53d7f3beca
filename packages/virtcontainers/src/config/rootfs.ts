import * as v from "valibot";
import { absolutePath, honoured } from "../validate.ts";
import { mountOption } from "./mount.ts";

/** What the guest can mount, as far as its kernel has it. */
const diskTypes = ["ext4", "xfs", "btrfs", "erofs", "squashfs"];
const plain = ["ro", "rw", "bind", "rbind"];

interface Place {
  source?: string | undefined;
  target?: string | undefined;
  type?: string | undefined;
  mounted?: boolean | undefined;
}

interface Disk {
  source: string;
  type: string;
}

/** The root file system of a container: a folder of the host, or a disk that the guest mounts. */
export interface RootFs {
  /** A block device of the host, or a file, with a file system; with type bind a folder. An absolute path. */
  source?: string | undefined;
  /** The folder on the host, with `mounted: true`. An absolute path. */
  target?: string | undefined;
  /** Of the file system on `source`: ext4, xfs, btrfs, erofs or squashfs; or bind. */
  type?: string | undefined;
  /** `ro` or `rw` (default); of a disk also other options of mount(8). With ro nothing is written to it. */
  options?: string[] | undefined;
  /** True: `target` is there. Default: false, and `source` is to be mounted. */
  mounted?: boolean | undefined;
}

export const RootFsSchema = v.pipe(
  v.strictObject({
    source: v.optional(absolutePath()),
    target: v.optional(absolutePath()),
    type: v.optional(
      v.pipe(
        v.string(),
        honoured(
          (type: string) => type === "bind" || diskTypes.includes(type),
          `nothing but folders and disks of ${diskTypes.join(", ")} is mounted; mount it and give it as target, with mounted: true`,
        ),
      ),
    ),
    options: v.optional(v.pipe(v.array(mountOption), v.maxLength(64))),
    mounted: v.optional(v.boolean("it must be true or false")),
  }),
  v.check(
    ({ mounted, source, target, type }) =>
      mounted
        ? target !== undefined && source === undefined && type === undefined
        : target === undefined && source !== undefined && type !== undefined,
    "it must have target with mounted: true, or source and type without",
  ),
  v.check(
    (rootFs) => rootDiskOf(rootFs) !== undefined || (rootFs.options ?? []).every(isPlain),
    "the options of a folder must be ro or rw",
  ),
);

function isPlain(option: string): boolean {
  return plain.includes(option);
}

/** The folder of the host that is a container's root, if one is. */
export function rootFolderOf(rootFs: Place | undefined): string | undefined {
  if (rootFs?.mounted) return rootFs.target;
  return rootFs?.type === "bind" ? rootFs.source : undefined;
}

/** The disk of the host that is a container's root, if one is. */
export function rootDiskOf(rootFs: Place | undefined): Disk | undefined {
  const { mounted, source, type } = rootFs ?? {};
  if (mounted || source === undefined || type === undefined || type === "bind") return undefined;
  return { source, type };
}
