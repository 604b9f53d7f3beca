import type { VirtContainers } from "virtcontainers";

export const plugged = { id: "plugged", image: "busybox", waits: true, scratchMiB: 16 } as const;

/**
 * Takes from the host all that a sandbox can, and gives it back: create, start, plug, unplug, stop, restart,
 * delete. `rootFs` is a folder to share, or empty where that can't be done.
 */
export async function crashScenario(vc: VirtContainers, rootFs: string): Promise<void> {
  const folder = { id: "folder", rootFs: { target: rootFs, mounted: true }, waits: true } as const;
  const sandbox = await vc.runSandbox({
    id: "crash",
    containers: [{ ...plugged, id: "main" }, ...(rootFs === "" ? [] : [folder])],
  });
  await sandbox.createContainer(plugged);
  await sandbox.startContainer("plugged");
  await sandbox.stopContainer("plugged");
  await sandbox.deleteContainer("plugged");
  await sandbox.stop();
  await sandbox.start();
  await sandbox.delete({ force: true });
}
