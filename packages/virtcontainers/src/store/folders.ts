import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { isVirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import type { Host, Lock } from "../host/host.ts";
import { removeTree } from "../host/remove-tree.ts";
import { assertTrusted, makeTrustedFolder } from "../host/trusted.ts";
import { takeMountsOff } from "./record/folder.ts";
import { release } from "./record/record.ts";

/** Where folders are before they are a sandbox's, and after they were. */
const places = ["staged", "removed"] as const;
/** How often a folder is made anew that was swept away before it could be locked. */
const maxTries = 10;

/** A new folder with its lock held, on its way to becoming a sandbox. */
export async function stageFolder(
  host: Host,
  stateDir: string,
  id: string,
  signal: AbortSignal | undefined,
): Promise<{ path: string; lock: Lock }> {
  for (let tries = 1; ; tries++) {
    const path = aside(stateDir, "staged", id);
    try {
      await mkdir(path, { mode: 0o711 });
      // Whatever the umask: the VMM's user passes through.
      await chmod(path, 0o711);
      host.failpoint("store.create.staged");
      const options = { create: true, timeoutMs: 0, ...(signal && { signal }) };
      const lock = await host.locks.acquire(join(path, "lock"), "exclusive", options);
      if (lock !== undefined) return { path, lock };
    } catch (error) {
      // Whoever sweeps may have come between the folder and its lock, and then it is his to remove.
      const swept = isVirtError(error, "BUSY") || isErrno(causeOf(error), "ENOENT");
      if (swept && tries < maxTries) continue;
      await removeTree(path).catch(() => {});
      throw hostError(error, `making the folder ${join(stateDir, "sbs", id)}`);
    }
  }
}

/** Removes a folder that is held, by renaming it aside first: nobody can make anything in it meanwhile. */
export async function removeFolder(host: Host, stateDir: string, path: string): Promise<void> {
  await takeMountsOff(host, path);
  const left = aside(stateDir, "removed", basename(path));
  host.failpoint("store.remove.before");
  try {
    await rename(path, left);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw hostError(error, `removing ${path}`);
  }
  host.failpoint("store.remove.aside");
  await release(host, { kind: "folder", path: left });
}

/** Removes, and gives, what killed creators and removers left aside, of one sandbox or of all. */
export async function sweepFolders(
  host: Host,
  stateDir: string,
  only: string | undefined,
  dryRun: boolean,
): Promise<string[]> {
  const found: string[] = [];
  for (const place of places) {
    for (const name of await namesIn(join(stateDir, place))) {
      if (only !== undefined && idOf(name) !== only) continue;
      const path = join(stateDir, place, name);
      using lock = await lockIfFree(host, join(path, "lock"));
      if (lock === undefined) continue;
      if (!dryRun) await release(host, { kind: "folder", path });
      found.push(path);
    }
  }
  return found;
}

function aside(stateDir: string, place: (typeof places)[number], id: string): string {
  const folder = join(stateDir, place);
  makeTrustedFolder(folder, 0o711);
  return join(folder, `${randomBytes(6).toString("hex")}.${id}`);
}

function idOf(name: string): string {
  return name.slice(name.indexOf(".") + 1);
}

async function namesIn(folder: string): Promise<string[]> {
  if (!assertTrusted(folder)) return [];
  try {
    return await readdir(folder);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw hostError(error, `reading ${folder}`);
  }
}

/** Undefined where somebody is at work, or has just removed it. */
async function lockIfFree(host: Host, path: string): Promise<Lock | undefined> {
  try {
    return await host.locks.acquire(path, "exclusive", { create: true });
  } catch (error) {
    if (isVirtError(error, "BUSY") || isErrno(causeOf(error), "ENOENT")) return undefined;
    throw error;
  }
}

function causeOf(error: unknown): unknown {
  return isVirtError(error) ? error.cause : error;
}
