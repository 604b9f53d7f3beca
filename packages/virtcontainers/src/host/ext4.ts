import { open } from "node:fs/promises";
import { VirtError } from "../errors.ts";
import { hostError } from "./errno.ts";
import type { Host } from "./host.ts";
import type { UserIds } from "./user-ids.ts";

/**
 * Makes an ext4 file system with nothing in it, no lost+found either, in a sparse file, which must not be there
 * yet: programs such as databases refuse a folder that is not empty. HOST_REQUIREMENT, NO_SPACE.
 */
export async function makeExt4(
  { processes }: Pick<Host, "processes">,
  path: string,
  sizeMiB: number,
  options: {
    journal: boolean;
    owner?: UserIds | undefined;
    signal: AbortSignal;
  },
): Promise<void> {
  const [mkfs, debugfs] = [await find(processes, "mkfs.ext4"), await find(processes, "debugfs")];
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.truncate(sizeMiB * 1024 * 1024);
      // By its descriptor: the VMM, whose folder this may be, could put a symlink in the path's place.
      const pinned = `/proc/${process.pid}/fd/${file.fd}`;
      // The file is all zeros, so the journal need not be written.
      const extended = "lazy_itable_init=1,lazy_journal_init=1,nodiscard";
      const journal = options.journal ? [] : ["-O", "^has_journal"];
      const args = ["-q", "-F", "-m", "0", ...journal, "-E", extended, pinned];
      const { signal, owner } = options;
      const { code, stderr } = await processes.run(mkfs, args, { signal });
      if (code !== 0) throw new VirtError("HOST_FAILED", `mkfs.ext4 failed: ${stderr.trim()}`);
      const emptied = await processes.run(debugfs, ["-w", "-R", "rmdir lost+found", pinned], {
        signal,
      });
      if (emptied.code !== 0) {
        throw new VirtError("HOST_FAILED", `debugfs failed: ${emptied.stderr.trim()}`);
      }
      if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw hostError(error, `making the disk ${path}`);
  }
}

async function find(processes: Host["processes"], tool: string): Promise<string> {
  const path = await processes.which(tool);
  if (path !== undefined) return path;
  throw new VirtError("HOST_REQUIREMENT", `${tool} is missing, which makes disks`, {
    field: "scratchMiB",
    hint: "Install the package e2fsprogs.",
  });
}
