import { VirtError } from "../../errors.ts";
import type { OciMount } from "./schema.ts";

/** File systems that the guest's kernel makes by itself. */
const kinds = ["proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "hugetlbfs"];

export function isBind({ type, options }: OciMount): boolean {
  return type === "bind" || (options ?? []).some((option) => /^r?bind$/.test(option));
}

/** Refuses what the guest can't mount. */
export function assertMountable(mounts: readonly OciMount[], field: string): void {
  for (const [index, mount] of mounts.entries()) {
    if (kinds.includes(mount.type ?? "") && !isBind(mount)) continue;
    const where = `${field}.${index}`;
    const what = isBind(mount) ? "bind mounts" : `the type ${mount.type}`;
    throw new VirtError(
      "NOT_SUPPORTED",
      `${where}, ${mount.destination}, can't be mounted: ${what} is not supported by this release`,
      { field: where, hint: `Types that a guest mounts are ${kinds.join(", ")}.` },
    );
  }
}
