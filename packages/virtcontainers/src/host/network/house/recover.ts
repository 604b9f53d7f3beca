import { readFileSync } from "node:fs";
import { isErrno } from "../../errno.ts";
import type { Processes } from "../../host.ts";
import type { ProcessIdentity } from "../../process-identity.ts";
import { folderVariable, markVariable } from "./environment.ts";
import type { HouseRecord } from "./record.ts";
import { foundUplink } from "./uplink.ts";

/** What a record spoke of that can't be read: found by what its processes were started with. Undefined if none of it lives. */
export async function recoverRecord(
  processes: Processes,
  folder: string,
): Promise<HouseRecord | undefined> {
  const found = await processes.findByVariable(
    { name: folderVariable, value: folder },
    (uid) => uid === process.geteuid?.(),
  );
  const holders = found.filter(({ pid }) => nameOf(pid) === "sleep");
  const marker = holders.flatMap((each) => markerOf(each) ?? [])[0];
  if (marker === undefined) return undefined;
  const uplink = foundUplink(folder);
  return { marker, holders, ...(uplink !== undefined && { uplink }) };
}

function nameOf(pid: number): string | undefined {
  return read(`/proc/${pid}/comm`)?.trim();
}

function markerOf({ pid }: ProcessIdentity): string | undefined {
  const head = `${markVariable}=`;
  const variables = read(`/proc/${pid}/environ`)?.split("\0") ?? [];
  return variables.find((each) => each.startsWith(head))?.slice(head.length);
}

/** Undefined of one that has ended. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH", "EACCES", "EPERM")) return undefined;
    throw error;
  }
}
