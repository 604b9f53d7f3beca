import { constants } from "node:fs";
import { open, rm } from "node:fs/promises";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import type { Host, ProcessIdentity } from "../host/host.ts";
import type { LedgerRecord } from "./ledger.ts";

type ProcessRecord = Extract<LedgerRecord, { kind: "process" }>;

/** Gives one thing back to the host; what is gone already, or was never taken, is no error. */
export async function release(host: Host, record: LedgerRecord): Promise<void> {
  host.failpoint(`release.${record.kind}`);
  switch (record.kind) {
    case "process":
      return await releaseProcess(host, record);
    case "mount":
      return await host.mounts.unmount(record.target);
    case "folder":
      return await removeFolder(host, record.path);
    case "file":
      return await rm(record.path, { force: true });
    case "owner":
      return await giveBack(record);
    case "cgroup":
      return await host.cgroups.remove(record.path);
  }
}

async function releaseProcess(host: Host, record: ProcessRecord): Promise<void> {
  const found = await findMarked(host, record);
  const known = identityOf(record);
  if (known !== undefined) {
    if (record.group === true) await host.processes.killGroup(known);
    found.push(known);
  }
  await Promise.all(found.map((process) => killAndWait(host, process)));
}

/** True if a process that the record tells of is there. */
export async function isThere(host: Host, record: ProcessRecord): Promise<boolean> {
  const known = identityOf(record);
  if (known !== undefined && (await host.processes.isAlive(known))) return true;
  return (await findMarked(host, record)).length > 0;
}

function identityOf({ pid, startTime }: ProcessRecord): ProcessIdentity | undefined {
  return pid === undefined || startTime === undefined ? undefined : { pid, startTime };
}

/** What a process whose pid is known has given its environment to may go on when it has ended. */
async function findMarked(
  host: Host,
  { marker, variable, pid }: ProcessRecord,
): Promise<ProcessIdentity[]> {
  if (variable === undefined) return await host.processes.findByArgument(marker);
  return pid === undefined ? await host.processes.findByVariable(variable, marker) : [];
}

async function killAndWait(host: Host, process: ProcessIdentity): Promise<void> {
  if (!(await host.processes.signal(process, "SIGKILL"))) return;
  await host.processes.waitGone(process, AbortSignal.timeout(10_000));
}

/** What belongs to somebody else by now was given on, and is left. */
async function giveBack(record: Extract<LedgerRecord, { kind: "owner" }>): Promise<void> {
  try {
    const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
    await using file = await open(record.path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if ((await file.stat()).uid === record.user) await file.chown(record.uid, record.gid);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP")) return;
    throw hostError(error, `giving ${record.path} back`);
  }
}

/** Never deletes through a mount: what is mounted below is taken off first, and if that fails nothing is removed. */
async function removeFolder(host: Host, path: string): Promise<void> {
  for (const target of await host.mounts.listBelow(path)) await host.mounts.unmount(target);
  const left = await host.mounts.listBelow(path);
  if (left.length > 0) {
    throw new VirtError("HOST_FAILED", `${left[0]} is still mounted, so ${path} is not removed`, {
      hint: "Unmount it, then reclaim the sandbox again.",
    });
  }
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw hostError(error, `removing ${path}`);
  }
}
