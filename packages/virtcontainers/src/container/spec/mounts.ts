import { isReadOnly, type Mount } from "../../config/mount.ts";
import type { OciMount } from "../../config/oci/schema.ts";
import { fillableVolume } from "../../storage/fill.ts";
import { guestMountPath, sharedShmPath } from "../../storage/guest/paths.ts";
import type { StoredContainer } from "../../store/schema.ts";

/**
 * The mounts of a container's specification: those given, each in the place of a default one of the same
 * destination, else after all but those that lie below it: a mount hides what was mounted below it before.
 */
export function specMounts(
  container: StoredContainer,
  defaults: readonly OciMount[],
  { sharedShm, fresh }: { sharedShm: boolean; fresh: ReadonlySet<string> },
): OciMount[] {
  const own = (container.config.mounts ?? []).map((mount, index) => {
    const made = specMount(container, mount, index);
    const fills = fillableVolume(mount, container.mounts[index]);
    if (fills !== undefined && fresh.has(fills)) made.options?.push(fillOption);
    return made;
  });
  const base = sharedShm ? defaults.map(withSharedShm) : defaults;
  const replaced = base.map(
    (mount) => own.find(({ destination }) => destination === mount.destination) ?? mount,
  );
  const mounts: OciMount[] = replaced;
  for (const mount of own.filter((one) => !mounts.includes(one)).sort(byDepth)) {
    const below = mounts.findIndex(({ destination }) => isBelow(destination, mount.destination));
    mounts.splice(below < 0 ? mounts.length : below, 0, mount);
  }
  return mounts;
}

function byDepth(a: OciMount, b: OciMount): number {
  return namesOf(a.destination).length - namesOf(b.destination).length;
}

function isBelow(path: string, folder: string): boolean {
  const [names, above] = [namesOf(path), namesOf(folder)];
  return names.length > above.length && above.every((name, index) => name === names[index]);
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** What all containers of the sandbox have together, in the place of memory of their own. */
function withSharedShm(mount: OciMount): OciMount {
  if (mount.destination !== "/dev/shm") return mount;
  const options = ["rbind", "nosuid", "noexec", "nodev"];
  return { destination: mount.destination, type: "bind", source: sharedShmPath, options };
}

/** Asks the agent to fill the volume; nobody else sees it. */
const fillOption = "x-virtcontainers.fill";

function specMount(container: StoredContainer, mount: Mount, index: number): OciMount {
  const { destination } = mount;
  const options = optionsOf(mount, container.mounts[index]?.kind === "copy");
  const source = guestMountPath(container, index);
  if (source !== undefined)
    return { destination, type: "bind", source, options: ["rbind", ...options] };
  if (mount.type === "tmpfs" && mount.sizeMiB !== undefined) options.push(`size=${mount.sizeMiB}m`);
  const named = "source" in mount ? mount.source : undefined;
  return { destination, type: mount.type, source: named ?? mount.type, options };
}

/** A copy stays as it is: what is written to it would be lost. */
function optionsOf(mount: Mount, copied: boolean): string[] {
  const watchable = mount.type === "bind" && (mount.watchable ?? false);
  const readonly = copied || watchable || (mount.type !== "hugetlbfs" && isReadOnly(mount));
  const given = mount.options ?? [];
  const plain = given.filter((option) => !["bind", "rbind", "ro", "rw"].includes(option));
  return readonly ? [...plain, "ro"] : plain;
}
