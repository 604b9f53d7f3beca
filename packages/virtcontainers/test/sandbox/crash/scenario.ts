import type { Host } from "../../../src/host/host.ts";
import type { ContainerConfig, SandboxConfig } from "../../../src/index.ts";
import { createTestInstance } from "../../../src/testing/index.ts";
import { runcSpec } from "../../container/support/runc-spec.ts";

/** Everything that takes something from the host or gives it back, once: create, start, plug, unplug, stop, restart, delete. */
export async function scenario(host: Host, folder: string, rootFs: boolean): Promise<void> {
  const { vc } = await createTestInstance({ folder, host });
  const waits = { image: "busybox", waits: true } as const;
  const config: SandboxConfig = {
    id: "crash",
    containers: [
      { id: "c1", ...waits },
      { id: "c2", ...waits, scratchMiB: 16, customSpec: withHook(folder) },
      ...(rootFs ? [withMounts(folder)] : []),
    ],
  };
  if (rootFs) await vc.volumes.create({ name: "data" });
  const sandbox = await vc.runSandbox(config);
  await sandbox.updateContainer("c1", { memory: { limit: 64 * 1024 * 1024 } });
  await sandbox.pause();
  await sandbox.resume();
  await sandbox.createContainer({ id: "plugged", ...waits, scratchMiB: 16 });
  await sandbox.startContainer("plugged");
  await sandbox.stopContainer("plugged");
  await sandbox.deleteContainer("plugged");
  await sandbox.stop();
  await sandbox.start();
  await sandbox.delete({ force: true });
}

/** A root, a folder and a volume of the host: all that is mounted for a container. */
function withMounts(folder: string): ContainerConfig {
  return {
    id: "c3",
    rootFs: { target: folder, mounted: true },
    waits: true,
    mounts: [
      { type: "bind", source: folder, destination: "/folder", readOnly: true },
      { type: "volume", source: "data", destination: "/data" },
    ],
  };
}

/** A hook that outlives who dies before it was told the state. */
function withHook(folder: string): NonNullable<ContainerConfig["customSpec"]> {
  const spec = runcSpec();
  spec.process.terminal = false;
  const args = ["sh", "-c", '[ -n "$(/bin/cat)" ] || /bin/sleep 600', "sh", folder];
  return { ...spec, hooks: { createRuntime: [{ path: "/bin/sh", args }] } };
}
