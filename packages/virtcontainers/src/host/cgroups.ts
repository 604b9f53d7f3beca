import { join } from "node:path";
import { VirtError } from "../errors.ts";
import { write } from "./cgroup/files.ts";
import { type Controller, findHierarchies, type Hierarchy } from "./cgroup/hierarchies.ts";
import { setLimits } from "./cgroup/limits.ts";
import { isThere, makeCgroup, removeCgroup } from "./cgroup/tree.ts";
import { usageOf } from "./cgroup/usage.ts";
import type { Cgroups } from "./host.ts";

/** Those whose effect is on single threads; the others go with the whole process. */
const ofThreads: readonly Controller[] = ["cpu", "cpuacct", "cpuset"];

/** The cgroups of this host, version 1, 2 or both. */
export function createCgroups(mountinfo = "/proc/self/mountinfo"): Cgroups {
  let found: Promise<Hierarchy[]> | undefined;
  const hierarchies = (): Promise<Hierarchy[]> => {
    found ??= findHierarchies(mountinfo);
    return found;
  };
  return {
    canSplitThreads: async () =>
      (await hierarchies()).some((tree) => tree.version === 1 && tree.controllers.has("cpu")),
    exists: async (path) => {
      for (const tree of await hierarchies()) if (await isThere(tree, path)) return true;
      return false;
    },
    create: async (path) => {
      const trees = await hierarchies();
      if (trees.length === 0) throw noCgroups();
      for (const tree of trees) await makeCgroup(tree, path);
    },
    limit: async (path, limits) => setLimits(await hierarchies(), path, limits),
    placeProcess: async (path, pid) => {
      for (const { root } of await hierarchies())
        await write(join(root, path, "cgroup.procs"), pid);
    },
    placeThreads: async (path, threads) => {
      for (const { root, version, controllers } of await hierarchies()) {
        if (version !== 1 || !ofThreads.some((name) => controllers.has(name))) continue;
        for (const thread of threads) await write(join(root, path, "tasks"), thread);
      }
    },
    usage: async (path) => usageOf(await hierarchies(), path),
    remove: async (path) => {
      for (const tree of await hierarchies()) await removeCgroup(tree, path);
    },
  };
}

function noCgroups(): VirtError {
  return new VirtError("HOST_REQUIREMENT", "this host has no cgroups that can be used", {
    field: "cgroups",
    hint: "Mount the cgroup file system, or leave cgroups, sandboxCgroupOnly and systemdCgroup out.",
  });
}
