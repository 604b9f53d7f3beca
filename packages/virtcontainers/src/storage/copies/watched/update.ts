import type { Agent } from "../../../agent/agent.ts";
import { removeFeature } from "../../../agent/files.ts";
import { isVirtError } from "../../../errors.ts";
import { hostError } from "../../../host/errno.ts";
import type { Context } from "../../../operation/context.ts";
import type { StoredContainer, StoredSandbox } from "../../../store/schema.ts";
import { Tally } from "../../../transfer/entry.ts";
import { copyRoot } from "../../guest/paths.ts";
import { type Copied, copyEntry, tooLarge } from "../copy.ts";
import { type Given, readGiven, writeGiven } from "./record.ts";
import { type Snapshot, takeSnapshot, watchedLimits } from "./snapshot.ts";

/** What an update works with; the agent is asked for only when something has changed. */
export interface Updating {
  context: Context;
  sandbox: StoredSandbox;
  agent: () => Promise<Agent>;
  signal: AbortSignal;
}

/** The mounts of a container that follow a folder of the host by copies. */
export function watchedMounts(container: StoredContainer): Copied[] {
  return container.mounts.flatMap((mount) =>
    mount.kind === "copy" && mount.watchable ? [mount] : [],
  );
}

/**
 * Gives the guest what has changed in a folder of the host since it was last given something, by whichever
 * process; `anew`: all of it. NOT_SUPPORTED if the folder has become too large.
 */
export async function updateMount(
  { context, sandbox, agent, signal }: Updating,
  container: StoredContainer,
  mount: Copied,
  anew = false,
): Promise<void> {
  const { copies, copiesLock } = context.store.folder(sandbox.id);
  const locking = { create: true, timeoutMs: 60_000, signal };
  using _lock = await context.host.locks.acquire(copiesLock, "exclusive", locking);
  const root = copyRoot(container.id, mount);
  const records = await readGiven(copies);
  const now = await snapshotOf(mount, signal);
  const before = (anew ? undefined : records[root]) ?? {};
  const prints = Object.fromEntries([...now].map(([path, { print }]) => [path, print]));
  if (isSame(before, prints)) return;
  const canRemove = sandbox.agentFeatures.includes(removeFeature);
  await sendChanges(await agent(), root, before, now, canRemove, signal);
  await writeGiven(copies, { ...records, [root]: prints });
}

async function snapshotOf(mount: Copied, signal: AbortSignal): Promise<Snapshot> {
  try {
    return await takeSnapshot(mount.path, signal);
  } catch (error) {
    if (isVirtError(error, "NO_SPACE")) throw tooLarge(mount, watchedLimits, error);
    throw hostError(error, `reading ${mount.path}`);
  }
}

/** First what is new, then the links that lead there, last what is gone: whoever looks meanwhile sees whole files. */
async function sendChanges(
  agent: Agent,
  root: string,
  before: Given,
  now: Snapshot,
  canRemove: boolean,
  signal: AbortSignal,
): Promise<void> {
  const remove = async (path: string): Promise<void> => {
    if (canRemove) await agent.removeFile(placeOf(root, path), signal);
  };
  const changed = [...now].filter(([path, { print }]) => before[path] !== print);
  for (const [path, { print }] of changed) {
    const was = before[path];
    if (was !== undefined && isFolder(was) !== isFolder(print)) await remove(path);
  }
  const links = changed.filter(([, { entry }]) => entry.kind === "link");
  const others = changed.filter(([, { entry }]) => entry.kind !== "link");
  const tally = new Tally(watchedLimits);
  for (const [path, { entry }] of [...others, ...links])
    await copyEntry(agent, placeOf(root, path), entry, tally, signal);
  const gone = Object.keys(before).filter((path) => !now.has(path));
  // What was in a folder goes with it.
  for (const path of gone)
    if (!gone.some((above) => path.startsWith(`${above}/`))) await remove(path);
}

function placeOf(root: string, path: string): string {
  return path === "" ? root : `${root}/${path}`;
}

function isFolder(print: string): boolean {
  return print.startsWith("folder ");
}

function isSame(one: Given, other: Given): boolean {
  const paths = Object.keys(one);
  return (
    paths.length === Object.keys(other).length && paths.every((path) => one[path] === other[path])
  );
}
