import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "./paths.ts";

const folder = join(repository, "guest/image/target/stamps");

/**
 * Does work unless it was done with the same key before and its result is still there.
 * @returns whether it was done now
 */
export async function unlessDone(
  name: string,
  key: string,
  isThere: () => boolean | Promise<boolean>,
  work: () => Promise<void>,
): Promise<boolean> {
  const stamp = join(folder, name);
  const done = await readFile(stamp, "utf8").catch(() => "");
  if (done === key && (await isThere())) return false;
  await rm(stamp, { force: true });
  await work();
  await mkdir(folder, { recursive: true });
  await writeFile(stamp, key);
  return true;
}

/** Whether all of the files exist. */
export function exist(paths: readonly string[]): boolean {
  return paths.every((path) => existsSync(path));
}
