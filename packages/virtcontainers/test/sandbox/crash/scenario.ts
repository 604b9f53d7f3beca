import { accessSync, constants, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Host } from "../../../src/host/host.ts";
import { createHost } from "../../../src/host/real.ts";
import type { ContainerConfig, SandboxConfig } from "../../../src/index.ts";
import { createTestInstance } from "../../../src/testing/index.ts";
import { runcSpec } from "../../container/support/runc-spec.ts";

/** Some containers have them read-only. */
function hasCgroups(): boolean {
  return ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"].some((tree) => {
    try {
      accessSync(tree, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The disk that is one container's root, and so its VMM's for that time. */
export const diskOf = (folder: string): string => join(folder, "disk.img");

/** The host's cgroup of the sandbox; a prefix comes before its name. */
export const cgroupOf = (folder: string): string => `/${basename(folder)}`;

/**
 * Everything that takes something from the host or gives it back, once: create, start, resize, plug, unplug, stop,
 * restart, delete. `root`: with what only root can take.
 */
export async function scenario(host: Host, folder: string, root: boolean): Promise<void> {
  const { vc } = await createTestInstance({ folder, host });
  writeFileSync(diskOf(folder), "stands for a file system", { mode: 0o600 });
  const waits = { image: "busybox", waits: true } as const;
  const config: SandboxConfig = {
    id: "crash",
    containers: [
      { id: "c1", ...waits },
      { id: "c2", ...waits, scratchMiB: 16, customSpec: withHook(folder) },
      { id: "disk", rootFs: { source: diskOf(folder), type: "ext4" }, waits: true },
      ...(root ? [withMounts(folder)] : []),
    ],
    ...(root && { networkConfig: { netNSPath: await fillNamespace(folder) } }),
    ...(root && hasCgroups() && { sandboxCgroupOnly: true, cgroups: { path: cgroupOf(folder) } }),
  };
  if (root) await vc.volumes.create({ name: "data" });
  const sandbox = await vc.runSandbox(config);
  await sandbox.resize({ cpus: 2, memoryMiB: 512 });
  await sandbox.updateContainer("c1", { memory: { limit: 64 * 1024 * 1024 } });
  if (root) {
    await sandbox.addInterface(second);
    await sandbox.removeInterface(second);
  }
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

/** Once: a sandbox with a namespace of its own. */
export async function ownNamespace(host: Host, folder: string): Promise<void> {
  const { vc } = await createTestInstance({ folder, host });
  const sandbox = await vc.createSandbox({ id: "crash", networkConfig: {} });
  await sandbox.delete({ force: true });
}

/** A network namespace that is somebody else's. */
export const namespaceOf = (folder: string): string => join(folder, "namespace");

const second = { name: "eth1", hwAddr: "02:00:00:00:00:02" };

/** Two links for a guest, and the other ends of their cables. */
async function fillNamespace(folder: string): Promise<string> {
  const { network } = createHost();
  const path = namespaceOf(folder);
  await network.makeNamespace(path);
  const lines = ["eth0", "eth1"].flatMap((name, index) => [
    `link add ${name} type veth peer name far${index}`,
    `link set ${name} up`,
  ]);
  const input = [...lines, "addr add 10.1.0.2/24 dev eth0", ""].join("\n");
  const { code, stderr } = await network.run(path, "ip", ["-batch", "-"], { input });
  if (code !== 0) throw new Error(stderr);
  return path;
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
