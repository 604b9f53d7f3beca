import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makePrivateFolder, makeTrustedFolder } from "../../host/trusted.ts";
import { errorCode } from "../failure.ts";
import type { StorePaths } from "./context.ts";

/** Makes the store's folders where they are missing, and closes those that an earlier version left open. */
export function makeFolders(paths: StorePaths): void {
  makeTrustedFolder(paths.dataDir, 0o700);
  makePrivateFolder(paths.images);
  makeTrustedFolder(paths.staging, 0o700);
  makeTrustedFolder(paths.locks, 0o700);
}

/** Replaces a file so that readers and crashes see either the old or the new content. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString("hex")}.new`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Removes what killed calls of replaceFile() left, and gives it; no other may be under way. */
export async function sweepReplacements(path: string, dryRun: boolean): Promise<string[]> {
  const folder = dirname(path);
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(`${basename(path)}.`) && name.endsWith(".new"),
  );
  const left = names.map((name) => join(folder, name));
  for (const each of dryRun ? [] : left) await rm(each, { force: true });
  return left;
}

/** Makes a rename in a folder last through a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Runs a file operation; undefined if the file is missing. */
export async function unlessMissing<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
