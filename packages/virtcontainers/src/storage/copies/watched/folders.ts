import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { watchedLimits } from "./snapshot.ts";

/** A folder and those below it, as far as a copy may have them; none that can't be read. No link is followed. */
export async function foldersOf(path: string): Promise<string[]> {
  const folders = [path];
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
    if (entries === undefined && folder === path) return [];
    for (const entry of entries ?? []) {
      if (folders.length >= watchedLimits.maxEntries) return folders;
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
  }
  return folders;
}
