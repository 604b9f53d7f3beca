import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hostError, isErrno } from "../host/errno.ts";
import { assertTrusted, assertTrustedFile } from "../host/trusted.ts";

/** Replaces a file, and nothing else, whole or not at all; mode 0600. `staged` is called in between. */
export async function writeAtomic(
  path: string,
  data: string,
  staged: () => void = () => {},
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  assertTrusted(dirname(path));
  try {
    await writeFile(temporary, data, { mode: 0o600, flag: "wx" });
    staged();
    const there = await lstat(path).catch(() => undefined);
    if (there !== undefined && !there.isFile()) throw new Error("it is no ordinary file");
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw hostError(error, `writing ${path}`);
  }
}

const temporaryName = /\.[0-9a-f]{12}\.tmp$/;

/** Removes what killed calls of writeAtomic left in a folder, if it is older than that, and gives it. */
export async function sweepWrites(
  folder: string,
  { dryRun, olderThanMs = 0 }: { dryRun: boolean; olderThanMs?: number },
): Promise<string[]> {
  if (!assertTrusted(folder)) return [];
  const left: string[] = [];
  for (const name of await readdir(folder)) {
    if (!temporaryName.test(name)) continue;
    const path = join(folder, name);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < olderThanMs) continue;
    left.push(path);
    if (!dryRun) await rm(path, { force: true });
  }
  return left;
}

/** The text of a file of ours, or undefined if there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  if (!assertTrusted(dirname(path))) return undefined;
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    await using file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    assertTrustedFile(path, await file.stat());
    return await file.readFile("utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw hostError(error, `reading ${path}`);
  }
}
