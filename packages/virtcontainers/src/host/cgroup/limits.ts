import { join } from "node:path";
import { VirtError } from "../../errors.ts";
import type { CgroupLimits } from "../host.ts";
import { write } from "./files.ts";
import type { Controller, Hierarchy } from "./hierarchies.ts";

const periodUs = 100_000;

/** Sets the limits that are given; HOST_REQUIREMENT if the host has no such controller. */
export async function setLimits(
  hierarchies: readonly Hierarchy[],
  path: string,
  limits: CgroupLimits,
): Promise<void> {
  const { cpus, memoryBytes, pids, cpuset, mems } = limits;
  const set = async (controller: Controller, one: Files, two: Files): Promise<void> => {
    const given = (files: Files): Files => files.filter(([, value]) => value !== undefined);
    if (given(one).length === 0) return;
    const hierarchy = hierarchies.find((tree) => tree.controllers.has(controller));
    if (hierarchy === undefined) throw missing(controller);
    for (const [name, value] of given(hierarchy.version === 1 ? one : two)) {
      await write(join(hierarchy.root, path, name), value);
    }
  };
  const quota = cpus === undefined ? undefined : Math.round(cpus * periodUs);
  await set(
    "cpu",
    [
      ["cpu.cfs_period_us", quota === undefined ? undefined : periodUs],
      ["cpu.cfs_quota_us", quota],
    ],
    [["cpu.max", quota === undefined ? undefined : `${quota} ${periodUs}`]],
  );
  await set("memory", [["memory.limit_in_bytes", memoryBytes]], [["memory.max", memoryBytes]]);
  await set("pids", [["pids.max", pids]], [["pids.max", pids]]);
  const places: Files = [
    ["cpuset.cpus", cpuset],
    ["cpuset.mems", mems],
  ];
  await set("cpuset", places, places);
}

type Files = readonly (readonly [string, string | number | undefined])[];

function missing(controller: Controller): VirtError {
  return new VirtError("HOST_REQUIREMENT", `this host has no cgroup controller ${controller}`, {
    field: "cgroups",
    hint: "Mount it, or leave cgroups, sandboxCgroupOnly and systemdCgroup out.",
  });
}
