import { resolve } from "node:path";
import type { Mount } from "../../../config/mount.ts";
import type { OciMount } from "../../../config/oci/schema.ts";
import { VirtError } from "../../../errors.ts";

/** File systems that the guest's kernel makes by itself. */
const kinds = ["proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "hugetlbfs"];

export function isBind({ type, options }: OciMount): boolean {
  return type === "bind" || (options ?? []).some((option) => /^r?bind$/.test(option));
}

/** Refuses what the guest can't mount. */
export function assertMountable(mounts: readonly OciMount[], field: string): void {
  for (const [index, mount] of mounts.entries()) {
    if (isBind(mount) || kinds.includes(mount.type ?? "")) continue;
    const where = `${field}.${index}`;
    throw new VirtError(
      "NOT_SUPPORTED",
      `${where}, ${mount.destination}, can't be mounted: the type ${mount.type} is not supported by this release`,
      { field: where, hint: `Types are bind, ${kinds.join(", ")}.` },
    );
  }
}

/** Those of a specification that show something of the host; a source without a leading / is the bundle's. */
export function bindMounts(mounts: readonly OciMount[], bundle: string | undefined): Mount[] {
  return mounts.filter(isBind).map(({ destination, source = "", options = [] }) => ({
    type: "bind",
    source: bundle === undefined ? source : resolve(bundle, source),
    destination,
    options: [...options],
  }));
}
