import { closeSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { VirtError } from "../errors.ts";
import { hostError } from "../host/errno.ts";
import type { SharedFolder } from "../hypervisor/hypervisor.ts";
import type { HypervisorConfig } from "../hypervisor/schema.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";
import { sharedTag } from "./storages.ts";

/** Debian keeps virtiofsd out of PATH. */
const daemonPaths = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd", "virtiofsd"];

/** Starts the virtiofsd of a sandbox over its `shared` folder, in which roots appear as mounts. */
export async function startShare(
  context: Context,
  sandbox: StoredSandbox,
  ledger: Ledger,
): Promise<SharedFolder> {
  const { host } = context;
  assertRoot(context, sandbox.id);
  const folder = context.store.folder(sandbox.id);
  const config = sandbox.config.hypervisorConfig ?? {};
  const path = await findDaemon(context, config.virtioFSDaemon);
  await makeShared(folder.shared);
  await ledger.take({ kind: "mount", target: folder.shared }, () =>
    host.mounts.bind(folder.shared, folder.shared, { propagation: "shared" }),
  );
  const socketPath = join(folder.vm, "virtiofsd.sock");
  const fd = await host.sockets.listen(socketPath, sandbox.user);
  try {
    const marker = `source=${folder.shared}`;
    await ledger.take({ kind: "process", name: "virtiofsd", marker }, async (update) => {
      const daemon = await host.processes.spawnDetached({
        path,
        args: daemonArgs(marker, config),
        cwd: folder.path,
        outputPath: join(folder.path, "virtiofsd.log"),
        inheritedFds: [fd],
      });
      const { pid, startTime } = daemon;
      await update({ kind: "process", name: "virtiofsd", marker, pid, startTime });
      daemon.unref();
    });
  } finally {
    closeSync(fd);
  }
  return { tag: sharedTag, socketPath };
}

/** The shared folder is this sandbox's alone, so its argument marks the process. */
function daemonArgs(source: string, config: HypervisorConfig): string[] {
  return [
    "--fd=3",
    "-f",
    // 0 leaves the limit as it is: raising it needs a capability that containers often lack.
    "--rlimit-nofile=0",
    "-o",
    source,
    "-o",
    `cache=${config.virtioFSCache ?? "auto"}`,
    "-o",
    "sandbox=namespace",
    "-o",
    "xattr,announce_submounts",
    ...(config.virtioFSExtraArgs ?? []),
  ];
}

/** Makes a folder root appear in the share. The ledger's mount record releases it. */
export async function shareRootfs(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  ledger: Ledger,
): Promise<void> {
  const rootFs = container.config.rootFs;
  if (rootFs === undefined) return;
  assertRoot(context, sandbox.id);
  const target = join(context.store.folder(sandbox.id).shared, container.id, "rootfs");
  await makeShared(target);
  const readonly = rootFs.options?.includes("ro") ?? container.config.readonlyRootfs ?? false;
  await ledger.take({ kind: "mount", target }, () =>
    context.host.mounts.bind(rootFs.target, target, { readonly }),
  );
}

/** Takes a folder root out of the share. */
export async function unshareRootfs(
  context: Context,
  sandbox: StoredSandbox,
  container: StoredContainer,
  ledger: Ledger,
): Promise<void> {
  const target = join(context.store.folder(sandbox.id).shared, container.id, "rootfs");
  await ledger.release((record) => record.kind === "mount" && record.target === target);
}

async function findDaemon(context: Context, chosen: string | undefined): Promise<string> {
  for (const name of chosen === undefined ? daemonPaths : [chosen]) {
    const path = await context.host.processes.which(name);
    if (path !== undefined) return path;
  }
  throw new VirtError(
    "HOST_REQUIREMENT",
    `${chosen ?? "virtiofsd"} is missing, which shares folders with the guest`,
    {
      field: chosen === undefined ? undefined : "hypervisorConfig.virtioFSDaemon",
      hint: "Install the package qemu-system-common (Debian 12) or virtiofsd.",
    },
  );
}

function assertRoot(context: Context, sandboxId: string): void {
  if (context.host.uid === 0) return;
  throw new VirtError(
    "NOT_SUPPORTED",
    "sharing a folder with the guest needs root, since it mounts on the host",
    {
      field: "rootFs",
      sandboxId,
      hint: "Run as root, or use an image.",
    },
  );
}

async function makeShared(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw hostError(error, `making the folder ${path}`);
  }
}
