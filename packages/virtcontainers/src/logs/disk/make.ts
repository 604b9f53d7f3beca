import { open } from "node:fs/promises";
import { hostError } from "../../host/errno.ts";
import type { UserIds } from "../../host/user-ids.ts";
import { encodeHeader } from "./format.ts";

/** Makes the disk that a guest's log goes to: sparse, of a size that bounds the log. NO_SPACE. */
export async function makeLogDisk(
  path: string,
  bytes: number,
  owner: UserIds | undefined,
): Promise<void> {
  try {
    await using file = await open(path, "wx", 0o600);
    await file.truncate(bytes);
    await file.write(encodeHeader(bytes), 0, undefined, 0);
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
  } catch (error) {
    throw hostError(error, `making the log's disk ${path}`);
  }
}
