import * as v from "valibot";
import { argument, integer, text, texts } from "../validate.ts";
import { volumeName } from "./mount.ts";

/** How a volume is kept: a folder that guests share with the host, or a disk of its own. */
export type VolumeDriver = "folder" | "ext4";

export const VolumeDriverSchema = v.picklist(["folder", "ext4"], "it must be folder or ext4");

/** What is said of a volume when it is made. */
export interface VolumeOptions {
  /** 2 to 64 characters of [a-zA-Z0-9_.-]; default: 12 random hex digits. */
  name?: string | undefined;
  /** Default: `folder` for root; `ext4` for other users, who can't share folders. */
  driver?: VolumeDriver | undefined;
  /** Of a disk, from 16; default 1024. It takes place on the host only as it fills. */
  sizeMiB?: number | undefined;
  /** Texts that are kept with it, by their names. */
  labels?: Readonly<Record<string, string>> | undefined;
}

export const VolumeOptionsSchema = v.strictObject({
  name: v.optional(volumeName),
  driver: v.optional(VolumeDriverSchema),
  sizeMiB: v.optional(integer(16, 16_777_216, "MiB")),
  labels: v.optional(texts(text(256), argument(4096))),
});
