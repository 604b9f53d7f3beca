import { randomUUID } from "node:crypto";
import { closeSync } from "node:fs";
import { join } from "node:path";
import type { HypervisorConfig } from "../../config/hypervisor.ts";
import { VirtError } from "../../errors.ts";
import type { Context } from "../../operation/context.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import { makeFolder } from "../folder.ts";
import { daemonName } from "./daemon.ts";

/** Debian keeps virtiofsd out of PATH. */
const daemonPaths = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd", "virtiofsd"];

/** A guest makes it say what it likes, and a limit of the process would hold for the shared files, too. */
const logBytes = 1024 * 1024;

/** By which it is found: its options are not ours to add to. */
const markerVariable = "VIRTCONTAINERS_SHARE";

/** Starts the virtiofsd of a sandbox over its `shared` folder, behind a socket of the VMM's. */
export async function startVirtiofsd(
  context: Context,
  sandbox: StoredSandbox,
  socketPath: string,
  ledger: Ledger,
): Promise<void> {
  const { host } = context;
  const folder = context.store.folder(sandbox.id);
  const config = sandbox.config.hypervisorConfig ?? {};
  const path = await findDaemon(context, config.virtioFSDaemon);
  const logFolder = folder.shareLog;
  await makeFolder(logFolder);
  await ledger.take({ kind: "mount", target: logFolder }, () =>
    host.mounts.tmpfs(logFolder, logBytes),
  );
  const fd = await host.sockets.listen(socketPath, sandbox.user);
  try {
    const marker = randomUUID();
    const record = { kind: "process", name: daemonName, marker, variable: markerVariable } as const;
    await ledger.take(record, async (update) => {
      const daemon = await host.processes.spawnDetached({
        path,
        args: daemonArgs(`source=${folder.shared}`, config),
        env: { [markerVariable]: marker, PATH: process.env.PATH ?? "", LC_ALL: "C" },
        cwd: folder.path,
        outputPath: join(logFolder, "virtiofsd.log"),
        inheritedFds: [fd],
        seLinuxLabel: config.seLinuxProcessLabel,
      });
      const { pid, startTime } = daemon;
      sandbox.shareDaemon = { pid, startTime };
      await update({ ...record, pid, startTime });
      daemon.unref();
    });
  } finally {
    closeSync(fd);
  }
}

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
