import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ContainerConfig, VirtContainers } from "virtcontainers";

export const plugged = { id: "plugged", image: "busybox", waits: true, scratchMiB: 16 } as const;

/** What a scenario finds on the host. */
export interface Surroundings {
  /** A folder to share, where that can be done. */
  rootFs?: string | undefined;
  /** Where all that the library does is gone through: a folder of this scenario's own, and what is copied into it. */
  whole?: { folder: string; image: string; disk: string } | undefined;
}

/**
 * Takes from the host all that a sandbox can, and gives it back: create, start, plug, unplug, stop, restart,
 * delete; where it is to be the whole, images, volumes, root disks, cgroups, sizes and copies too.
 */
export async function crashScenario(
  vc: VirtContainers,
  { rootFs, whole }: Surroundings,
): Promise<void> {
  if (whole !== undefined) await vc.images.import(whole.image, { name: "busybox" });
  const sandbox = await vc.runSandbox({
    id: "crash",
    ...(whole !== undefined && {
      sandboxCgroupOnly: true,
      cgroups: { path: cgroupOf(whole.folder) },
    }),
    containers: [
      { ...plugged, id: "main" },
      ...(rootFs === undefined ? [] : [await onFolder(vc, rootFs, whole !== undefined)]),
      ...(whole === undefined ? [] : [onDisk(whole)]),
    ],
  });
  if (whole !== undefined) {
    await sandbox.resize({ cpus: 2, memoryMiB: 384 });
    await sandbox.updateContainer("main", { memory: { limit: 64 * 1024 * 1024 } });
    await sandbox.copyTo("main", whole.disk, "/copied");
    await sandbox.pause();
    await sandbox.resume();
    await sandbox.resize({ cpus: 1, memoryMiB: 256 });
  }
  await sandbox.createContainer(plugged);
  await sandbox.startContainer("plugged");
  await sandbox.stopContainer("plugged");
  await sandbox.deleteContainer("plugged");
  await sandbox.stop();
  await sandbox.start();
  await sandbox.delete({ force: true });
  if (whole === undefined) return;
  if (rootFs !== undefined) await vc.volumes.remove("data");
  await vc.images.remove("busybox");
}

/** What the sandbox whose things are in a folder is to have as its cgroup; a prefix comes before its name. */
export function cgroupOf(folder: string): string {
  return `/${folder.replace(/[^a-zA-Z0-9]+/g, "-")}`;
}

async function onFolder(
  vc: VirtContainers,
  rootFs: string,
  whole: boolean,
): Promise<ContainerConfig> {
  const container = { id: "folder", rootFs: { target: rootFs, mounted: true }, waits: true };
  if (!whole) return container;
  await vc.volumes.create({ name: "data" });
  return { ...container, mounts: [{ type: "volume", source: "data", destination: "/data" }] };
}

/** Its root is a disk that is written to, so it is given to the VMM's user for that time. */
function onDisk({ folder, disk }: { folder: string; disk: string }): ContainerConfig {
  const source = join(folder, "disk.img");
  rmSync(source, { force: true });
  copyFileSync(disk, source);
  return { id: "disk", rootFs: { source, type: "ext4" }, waits: true };
}
