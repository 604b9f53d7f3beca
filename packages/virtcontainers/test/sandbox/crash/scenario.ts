import type { Host } from "../../../src/host/host.ts";
import type { SandboxConfig } from "../../../src/index.ts";
import { createTestInstance } from "../../../src/testing/index.ts";

/** Everything that takes something from the host or gives it back, once: create, start, plug, unplug, stop, restart, delete. */
export async function scenario(host: Host, folder: string, rootFs: boolean): Promise<void> {
  const { vc } = await createTestInstance({ folder, host });
  const waits = { image: "busybox", waits: true } as const;
  const config: SandboxConfig = {
    id: "crash",
    containers: [
      { id: "c1", ...waits },
      { id: "c2", ...waits, scratchMiB: 16 },
      ...(rootFs
        ? [{ id: "c3", rootFs: { target: folder, mounted: true as const }, waits: true }]
        : []),
    ],
  };
  const sandbox = await vc.runSandbox(config);
  await sandbox.createContainer({ id: "plugged", ...waits, scratchMiB: 16 });
  await sandbox.startContainer("plugged");
  await sandbox.stopContainer("plugged");
  await sandbox.deleteContainer("plugged");
  await sandbox.stop();
  await sandbox.start();
  await sandbox.delete({ force: true });
}
