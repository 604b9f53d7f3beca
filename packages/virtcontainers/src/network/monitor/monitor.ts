import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { NetmonConfig } from "../../config/network/netmon.ts";
import type { Context } from "../../operation/context.ts";
import type { Operation } from "../../operation/run-verb.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import { monitorCommand } from "./program.ts";
import { markerVariable, optionsVariable } from "./variables.ts";

/** The ledger's name of the monitor. */
export const monitorName = "netmon";

/** How the monitor of a sandbox is to be, if it is to have one. */
export function wantedMonitor({
  config,
  network,
}: Pick<StoredSandbox, "config" | "network">): NetmonConfig | undefined {
  const { netmonConfig } = config.networkConfig ?? {};
  return network !== undefined && netmonConfig?.enable ? netmonConfig : undefined;
}

/**
 * Starts the process that follows what changes in the namespace of a sandbox, if it is to have one. It waits for who
 * holds the sandbox. HOST_REQUIREMENT, HOST_FAILED.
 */
export async function startMonitor(
  { context, sandbox }: Pick<Operation, "context" | "sandbox">,
  ledger: Ledger,
): Promise<void> {
  const monitor = wantedMonitor(sandbox);
  const { network } = sandbox;
  if (monitor === undefined || network === undefined) return;
  const { host, store } = context;
  const command = await monitorCommand(host, monitor, sandbox.id, network.netns.path);
  const marker = randomUUID();
  const mark = { marker, variable: markerVariable } as const;
  const record = { kind: "process", name: monitorName, group: true, ...mark } as const;
  await ledger.take(record, async (update) => {
    const started = await host.processes.spawnDetached({
      path: command.path,
      args: command.args,
      env: { ...environment(context), ...command.env, [markerVariable]: marker },
      cwd: "/",
      outputPath: join(store.folder(sandbox.id).path, "netmon.log"),
    });
    const { pid, startTime } = started;
    await update({ ...record, pid, startTime });
    started.unref();
  });
}

const handedOn = ["PATH", "HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "VIRTC_STATE_DIR"] as const;

/** What the programs of ours need to work with this instance's sandboxes. */
function environment({ store, dataDir }: Context): Record<string, string> {
  const env: Record<string, string> = { LC_ALL: "C", TSX_DISABLE_CACHE: "1" };
  for (const name of handedOn) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, [optionsVariable]: JSON.stringify({ stateDir: store.stateDir, dataDir }) };
}
