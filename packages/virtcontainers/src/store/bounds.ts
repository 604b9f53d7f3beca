import { basename, dirname } from "node:path";

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

export function isBelow(folder: string, path: string): boolean {
  return path.startsWith(`${folder}/`);
}
