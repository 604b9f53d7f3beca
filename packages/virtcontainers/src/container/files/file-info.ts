import type { GuestFile } from "../../agent/files.ts";

/** What stands at a path of a container, as its guest tells it. */
export interface FileInfo {
  /** The last part of the path. */
  name: string;
  path: string;
  /** `other`: a device, socket or pipe. */
  kind: GuestFile["kind"];
  /** Permission bits, with set-user-id, set-group-id and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Of a file. */
  sizeBytes: number;
  /** ISO 8601. */
  modifiedAt: string;
  /** Where a link leads, as it says. */
  target?: string | undefined;
}

const latestMs = 8.64e15;

export function fileInfo(path: string, file: GuestFile): FileInfo {
  const { kind, mode, uid, gid, size, mtimeMs, target } = file;
  return {
    name: path.slice(path.lastIndexOf("/") + 1),
    ...{ path, kind, mode, uid, gid },
    sizeBytes: kind === "file" ? size : 0,
    // The guest may say anything.
    modifiedAt: new Date(Math.abs(mtimeMs) <= latestMs ? mtimeMs : 0).toISOString(),
    ...(kind === "link" && { target }),
  };
}
