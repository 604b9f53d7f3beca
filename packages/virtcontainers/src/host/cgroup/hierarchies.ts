import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What this library limits or counts. cpuacct is a controller of its own on version 1 only. */
export const controllers = ["cpu", "cpuacct", "cpuset", "memory", "pids"] as const;
export type Controller = (typeof controllers)[number];

/** One tree of cgroups that is mounted on this host, with the controllers that are ours to use there. */
export interface Hierarchy {
  version: 1 | 2;
  root: string;
  controllers: ReadonlySet<Controller>;
}

/**
 * Version 1 has a tree for each controller or a few of them, version 2 one for all; a hybrid host has both,
 * and a controller is in one of them. cgroups(7), proc_pid_mountinfo(5).
 */
export async function findHierarchies(mountinfo: string): Promise<Hierarchy[]> {
  const found: Hierarchy[] = [];
  const taken = new Set<string>();
  for (const line of (await readFile(mountinfo, "utf8")).split("\n")) {
    const [mount = "", filesystem = ""] = line.split(" - ");
    const root = mount.split(" ")[4] ?? "";
    const [type, , options = ""] = filesystem.split(" ");
    const names =
      type === "cgroup"
        ? options.split(",")
        : type === "cgroup2"
          ? (await readFile(join(root, "cgroup.controllers"), "utf8")).trim().split(" ")
          : [];
    const ours = controllers.filter((name) => names.includes(name) && !taken.has(name));
    for (const name of ours) taken.add(name);
    if (ours.length === 0) continue;
    found.push({ version: type === "cgroup" ? 1 : 2, root, controllers: new Set(ours) });
  }
  return found;
}
