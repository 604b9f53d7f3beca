import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../host/errno.ts";
import { removeTree } from "../../host/remove-tree.ts";
import { allUses } from "../../store/network/places.ts";
import { cniNameOf, definitionPath } from "./record.ts";

/** Removes a network that nobody is in: what is known of it, and what the plugins have noted of its addresses. */
export async function forgetNetwork(folder: string, name: string): Promise<void> {
  await rm(definitionPath(folder, name), { force: true });
  const cniName = cniNameOf(folder, name);
  // What a sandbox that is gone has used is given back by its own file, and needs the notes until then.
  if (!(await isRemoved(join(allUses(folder), cniName)))) return;
  const leases = join(folder, ".leases");
  for (const boot of await readdir(leases).catch(() => []))
    await removeTree(join(leases, boot, cniName));
}

/** True if a folder is there no more, or was empty. */
async function isRemoved(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOTEMPTY")) return false;
    if (isErrno(error, "ENOENT")) return true;
    throw error;
  }
}
