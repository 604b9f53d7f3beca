import { randomUUID } from "node:crypto";
import { closeSync, constants } from "node:fs";
import { chown, type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EgressPolicy } from "../../config/network/egress/policy.ts";
import { VirtError } from "../../errors.ts";
import { hostError, isErrno } from "../../host/errno.ts";
import type { Host } from "../../host/host.ts";
import type { ProcessIdentity } from "../../host/process-identity.ts";
import { tailOf } from "../../hypervisor/last-words.ts";
import type { Ledger } from "../../store/ledger.ts";
import { localTable } from "../../store/network/tables.ts";
import type { EgressCounts } from "./control.ts";
import { askHelper } from "./control-client.ts";
import { keptConfigName, logName, olderLogName } from "./helper-config.ts";
import { helperCommand, isForAll } from "./program.ts";
import { guardRuleset } from "./ruleset/guard.ts";
import { spliced } from "./ruleset/marks.ts";
import type { RouterNetwork } from "./ruleset/network.ts";

/** What is enforced, and where. */
export interface Enforcement {
  /** The namespace that is the sandbox's router; its taps exist and are down, the rest of it is set up. */
  netns: string;
  /** The sandbox's folder. */
  folder: string;
  /** The user that the helper runs as, if any user can run it. */
  uid: number;
  network: RouterNetwork;
  policy: EgressPolicy;
}

/** The ledger's name of the helper. */
export const helperName = "egress";

const markerVariable = "VIRTCONTAINERS_EGRESS";
const lastWords = 5;

/**
 * Puts a policy in force. When it gives back, the taps may be put up: what the policy does not allow has been dropped
 * since before. HOST_REQUIREMENT, HOST_FAILED.
 */
export async function enforce(
  host: Host,
  enforcement: Enforcement,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<ProcessIdentity> {
  const { netns, network } = enforcement;
  await run(host, netns, "nft", ["-f", "-"], guardRuleset(network.taps), signal);
  host.failpoint("egress.guarded");
  for (const family of ["-4", "-6"])
    await run(host, netns, "ip", [family, "-batch", "-"], localRoutes, signal);
  return await startHelper(host, enforcement, ledger, signal);
}

/** What is marked for the helper is delivered to it, whatever its address. */
const localRoutes = `link set lo up
rule add fwmark ${spliced}/${spliced} lookup ${localTable}
route add local default dev lo table ${localTable}
`;

/** Starts the helper, also again when it has ended, and tells it what to enforce. */
export async function startHelper(
  host: Host,
  { netns, folder, uid, network, policy }: Enforcement,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<ProcessIdentity> {
  const user = host.network.apart || !isForAll() ? host.uid : uid;
  // As an open file, since its user need not pass the folders above.
  await using logs = await openLogFolder(folder, user);
  const command = await helperCommand(host, user);
  const socketPath = controlSocket(folder);
  await rm(socketPath, { force: true });
  await rm(join(logFolder(folder), keptConfigName), { force: true });
  const fd = await host.sockets.listen(socketPath);
  let started: ProcessIdentity;
  try {
    const marker = randomUUID();
    const mark = { marker, variable: markerVariable } as const;
    const record = { kind: "process", name: helperName, group: true, ...mark } as const;
    started = await ledger.take(record, async (update) => {
      const helper = await host.processes.spawnDetached({
        ...(await host.network.command(netns, command)),
        env: { [markerVariable]: marker, LC_ALL: "C", TSX_DISABLE_CACHE: "1" },
        cwd: "/",
        outputPath: helperOutput(folder),
        inheritedFds: [fd, logs.fd],
      });
      const { pid, startTime } = helper;
      await update({ ...record, pid, startTime });
      helper.unref();
      return { pid, startTime };
    });
  } finally {
    closeSync(fd);
  }
  await askHelper(host, socketPath, { do: "set", config: { network, policy } }, signal).catch(
    async (cause: unknown) => {
      const said = await tailOf(helperOutput(folder), lastWords).catch(() => "");
      if (said === "" || signal.aborted) throw cause;
      throw new VirtError("HOST_FAILED", `the helper of the egress policy did not start: ${said}`, {
        cause,
      });
    },
  );
  return started;
}

/** Puts another policy in force, at once and for open connections too. */
export async function changePolicy(
  host: Host,
  { folder, network, policy }: Pick<Enforcement, "folder" | "network" | "policy">,
  signal: AbortSignal,
): Promise<EgressCounts> {
  return await askHelper(
    host,
    controlSocket(folder),
    { do: "set", config: { network, policy } },
    signal,
  );
}

/** What has been decided so far. */
export async function readStatus(
  host: Host,
  folder: string,
  signal: AbortSignal,
): Promise<EgressCounts> {
  return await askHelper(host, controlSocket(folder), { do: "status" }, signal);
}

export function controlSocket(folder: string): string {
  return join(folder, "egress.sock");
}

/** Where the helper writes its decisions: its own, and of no one else's reach. */
export function logFolder(folder: string): string {
  return join(folder, "egress");
}

function helperOutput(folder: string): string {
  return join(folder, "egress.log");
}

async function openLogFolder(folder: string, uid: number): Promise<FileHandle> {
  const path = logFolder(folder);
  try {
    await mkdir(path, { mode: 0o700, recursive: true });
    await chown(path, uid, uid);
    for (const name of [logName, olderLogName]) await giveLog(join(path, name), uid);
    return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    throw hostError(error, `making the folder ${path}`);
  }
}

/** A log that the helper of an earlier start has written, who was another user. */
async function giveLog(path: string, uid: number): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await open(path, flags).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ELOOP")) return undefined;
    throw error;
  });
  const found = await file?.stat();
  if (found?.isFile() === true && found.nlink === 1) await file?.chown(uid, uid);
  else await rm(path, { force: true });
}

async function run(
  host: Host,
  netns: string,
  tool: string,
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<void> {
  const { code, stderr } = await host.network.run(netns, tool, args, { input, signal });
  if (code === 0) return;
  throw new VirtError(
    "HOST_FAILED",
    `${tool} could not set up the egress policy: ${stderr.trim()}`,
  );
}
