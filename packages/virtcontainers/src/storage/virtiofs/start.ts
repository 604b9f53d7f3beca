import { randomUUID } from "node:crypto";
import { closeSync } from "node:fs";
import type { Context } from "../../operation/context.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import { makeFolder } from "../folder.ts";
import { daemonArguments } from "./arguments.ts";
import { daemonLog, daemonName } from "./daemon.ts";
import { findProgram } from "./program.ts";
import { inUserNamespace } from "./user-namespace.ts";

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
  const { path, kind } = await findProgram(context, config.virtioFSDaemon);
  const logFolder = folder.shareLog;
  await makeFolder(logFolder);
  if (host.uid === 0) {
    await ledger.take({ kind: "mount", target: logFolder }, () =>
      host.mounts.tmpfs(logFolder, logBytes),
    );
  }
  const args = daemonArguments(kind, folder.shared, config);
  const places = { inside: folder.mounts, shared: folder.shared, logBytes };
  const command =
    host.uid === 0 ? { path, args } : await inUserNamespace(host, places, [path, ...args]);
  const fd = await host.sockets.listen(socketPath, sandbox.user);
  try {
    const marker = randomUUID();
    const record = { kind: "process", name: daemonName, marker, variable: markerVariable } as const;
    await ledger.take(record, async (update) => {
      const daemon = await host.processes.spawnDetached({
        ...command,
        env: { [markerVariable]: marker, PATH: process.env.PATH ?? "", LC_ALL: "C" },
        cwd: folder.path,
        outputPath: daemonLog(context, sandbox.id),
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
