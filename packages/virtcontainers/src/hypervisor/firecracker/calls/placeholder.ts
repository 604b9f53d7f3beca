import type { ApiCall } from "./call.ts";
import { type Drive, exchangeDriveCall } from "./drive.ts";

/** How many disks a guest that runs can be given, each in the place of an empty one that it was started with. */
export const placeholders = 8;

/** An empty drive that waits for a disk; writable, since a drive stays as it was opened first. */
export function placeholder(index: number, path: string): Drive {
  return { id: placeholderId(index), path, readonly: false };
}

/** The disk comes into the placeholder's place, or the empty file again. */
export function fillPlaceholderCall(index: number, path: string): ApiCall {
  return exchangeDriveCall({ id: placeholderId(index), path });
}

function placeholderId(index: number): string {
  if (!Number.isInteger(index) || index < 0 || index >= placeholders)
    throw new RangeError(`there are placeholders 0 to ${placeholders - 1}, and none ${index}`);
  return `drive-${index}`;
}
