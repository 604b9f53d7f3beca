import { basename, dirname, join } from "node:path";
import type { LedgerRecord } from "./ledger.ts";

/** Where the things of one sandbox may be, so that whatever its ledger says nothing else is removed. */
export interface Bounds {
  /** The sandbox's own. */
  folder: string;
  /** That of all sandboxes. */
  stateDir: string;
  id: string;
}

/** By where the ledger is: in the sandbox's folder, which is in `sbs` of the state's. */
export function boundsOf(ledgerPath: string): Bounds {
  const folder = dirname(ledgerPath);
  return { folder, stateDir: dirname(dirname(folder)), id: basename(folder) };
}

/** The path of a record that is not a sandbox's to remove, if it is none. */
export function placeOutside(bounds: Bounds, record: LedgerRecord): string | undefined {
  switch (record.kind) {
    case "folder":
      return isBelow(bounds.folder, record.path) ? undefined : record.path;
    case "mount":
      return isBelow(bounds.folder, record.target) ? undefined : record.target;
    case "file":
      return isFileOf(bounds, record.path) ? undefined : record.path;
    default:
      return undefined;
  }
}

/** A use of an image or volume is a file of the sandbox's name, wherever those are kept. */
function isFileOf({ folder, stateDir, id }: Bounds, path: string): boolean {
  if (isBelow(folder, path) || path.endsWith(`/users/${id}`)) return true;
  return isBelow(join(stateDir, "disks"), path) && path.endsWith(`.${id}`);
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(`${folder}/`);
}
