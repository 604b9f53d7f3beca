import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { integer } from "../validate.ts";

/** How much a copy may take. */
export interface CopyLimits {
  /** Bytes of content; default 16 GiB. */
  maxBytes?: number | undefined;
  /** Files, folders and links; default 1,000,000. */
  maxEntries?: number | undefined;
}

/** How files are copied. */
export interface CopyOptions extends CopyLimits {
  /** Keeps owners. Default: what is copied belongs to root in the container, and to the caller on the host. */
  archive?: boolean | undefined;
  /**
   * Of exportTar: leaves out what is mounted (volumes, folders of the host, memory, /proc, /dev, /sys and the files of
   * the network in /etc), whose places stay as empty folders. Default false.
   */
  withoutMounts?: boolean | undefined;
}

/** The options of a call that copies; the deadline is 600 s by default. */
export type CopyCallOptions = CallOptions & CopyOptions;

export const CopyOptionsSchema = v.object({
  archive: v.optional(v.boolean("it must be true or false")),
  withoutMounts: v.optional(v.boolean("it must be true or false")),
  maxBytes: v.optional(integer(0, Number.MAX_SAFE_INTEGER, "bytes")),
  maxEntries: v.optional(integer(1, 100_000_000)),
});
