import { createHash } from "node:crypto";

/** The id of a volume's disk in every sandbox; ids of drives are shorter than names of volumes. */
export function volumeDriveId(name: string): string {
  return `vol-${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}
