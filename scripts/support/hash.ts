import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";

/** sha256 of values, in hex; each is told apart from its neighbours. */
export function hashOf(...values: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/**
 * sha256 over the names, relative to `base`, and contents of files and folders; of folders all that is in
 * them but `skip`. Paths that don't exist count as absent.
 */
export async function hashPaths(
  paths: readonly string[],
  base: string,
  skip: ReadonlySet<string> = new Set(["node_modules", "target", "dist"]),
): Promise<string> {
  const parts: string[] = [];
  for (const path of paths) await add(path, base, parts, skip);
  return hashOf(...parts);
}

async function add(
  path: string,
  base: string,
  parts: string[],
  skip: ReadonlySet<string>,
): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) {
    if (existsSync(path)) parts.push(relative(base, path), await hashFile(path));
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (skip.has(entry.name) || entry.isSymbolicLink()) continue;
    await add(join(path, entry.name), base, parts, skip);
  }
}
