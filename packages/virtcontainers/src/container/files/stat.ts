import type { GuestFile } from "../../agent/files.ts";
import type { Verb } from "../../operation/run-verb.ts";
import type { GuestSide } from "../../transfer/guest-tree.ts";
import { type FileInfo, fileInfo } from "./file-info.ts";
import { noFile, withFiles } from "./side.ts";

/** What stands at a path; undefined if there is nothing. */
export function statPath(
  containerId: string,
  path: string,
  follow: boolean,
): Verb<FileInfo | undefined> {
  return (operation) =>
    withFiles(operation, containerId, async ({ agent, signal }) => {
      const found = await agent.statPath(containerId, path, follow, signal);
      return found && fileInfo(path, found);
    });
}

/** The same, of which there must be something. FILE_NOT_FOUND. */
export async function there(side: GuestSide, path: string): Promise<GuestFile> {
  const found = await side.agent.statPath(side.containerId, path, true, side.signal);
  if (found === undefined) throw noFile(side, path);
  return found;
}
