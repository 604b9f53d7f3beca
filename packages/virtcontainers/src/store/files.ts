import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hostError, isErrno } from "../host/errno.ts";
import { assertTrusted, assertTrustedFile } from "../host/trusted.ts";

/** Replaces a file whole or not at all; mode 0600. `staged` is called in between. */
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
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw hostError(error, `writing ${path}`);
  }
}

/** Removes what killed calls of writeAtomic left, and gives it; no other may be under way. */
export async function sweepWrites(path: string, dryRun: boolean): Promise<string[]> {
  const folder = dirname(path);
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(`${basename(path)}.`) && name.endsWith(".tmp"),
  );
  const left = names.map((name) => join(folder, name));
  for (const each of dryRun ? [] : left) await rm(each, { force: true });
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
