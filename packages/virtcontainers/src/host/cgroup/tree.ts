import { mkdir, readdir, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isErrno } from "../errno.ts";
import { cgroupError, read, write } from "./files.ts";
import type { Hierarchy } from "./hierarchies.ts";

/** How often it is begun anew when what is above it is removed by others meanwhile. */
const maxTries = 5;

/** Makes a cgroup with all that is above it, each with the controllers handed down. */
export async function makeCgroup(hierarchy: Hierarchy, path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await makeEach(hierarchy, path);
    } catch (error) {
      const gone = error instanceof Error && isErrno(error.cause, "ENOENT");
      if (!gone || tries === maxTries) throw error;
    }
  }
}

async function makeEach(hierarchy: Hierarchy, path: string): Promise<void> {
  let folder = hierarchy.root;
  for (const name of path.split("/").filter((part) => part !== "")) {
    if (hierarchy.version === 2) await handDown(hierarchy, folder);
    folder = join(folder, name);
    try {
      await mkdir(folder, { mode: 0o755 });
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw cgroupError(error, `making the cgroup ${folder}`);
    }
    if (hierarchy.version === 1 && hierarchy.controllers.has("cpuset")) await inheritCpuset(folder);
  }
}

export async function isThere(hierarchy: Hierarchy, path: string): Promise<boolean> {
  return await stat(join(hierarchy.root, path)).then(
    () => true,
    () => false,
  );
}

/** How long processes that have ended may keep a cgroup busy, and how often that is looked at: no kernel tells it everywhere. */
const emptyMs = 2_000;
const lookMs = 20;

/** Moves what still runs in it to the cgroup above, and removes it; one with others below it is left alone. */
export async function removeCgroup(hierarchy: Hierarchy, path: string): Promise<void> {
  const folder = join(hierarchy.root, path);
  if (!(await isThere(hierarchy, path))) return;
  const end = performance.now() + emptyMs;
  for (;;) {
    if (await hasBelow(folder)) return;
    await moveUp(folder);
    try {
      return await rmdir(folder);
    } catch (error) {
      if (isErrno(error, "ENOENT")) return;
      // What has just ended counts for a moment longer, and somebody may have made one below it meanwhile.
      if (!isErrno(error, "EBUSY") || performance.now() > end)
        throw cgroupError(error, `removing the cgroup ${folder}`);
    }
    await sleep(lookMs);
  }
}

async function moveUp(folder: string): Promise<void> {
  const left = (await read(join(folder, "cgroup.procs"))).split("\n").filter((pid) => pid !== "");
  for (const pid of left) {
    try {
      await write(join(dirname(folder), "cgroup.procs"), pid);
    } catch (error) {
      // It ended meanwhile.
      if (!(error instanceof Error && isErrno(error.cause, "ESRCH"))) throw error;
    }
  }
}

async function hasBelow(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.some((entry) => entry.isDirectory());
}

/** A controller that is on already, or that this place can't have, is no failure here: setting a limit will tell. */
async function handDown(hierarchy: Hierarchy, folder: string): Promise<void> {
  const file = join(folder, "cgroup.subtree_control");
  const on = new Set((await read(file)).split(" "));
  for (const name of hierarchy.controllers) {
    if (!on.has(name)) await write(file, `+${name}`).catch(() => {});
  }
}

/** On version 1 a new cgroup has no CPUs and takes no process before it was given some. */
async function inheritCpuset(folder: string): Promise<void> {
  for (const name of ["cpuset.cpus", "cpuset.mems"]) {
    const file = join(folder, name);
    if ((await read(file)) !== "") continue;
    await write(file, await read(join(dirname(folder), name)));
  }
}
