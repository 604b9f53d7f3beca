import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Agent } from "../agent/agent.ts";
import { isNotFound } from "../agent/not-found.ts";
import { hostError, isErrno } from "../host/errno.ts";
import { readIfThere, writeAtomic } from "../store/files.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { id } from "../validate.ts";
import type { Context } from "./context.ts";

const sigkill = 9;
/** How many are kept at most; more is for a guest that has not answered for long. */
const maxPendingKills = 1024;

/** A process of a VM that nobody wants any more, and whose end its guest has not confirmed. */
const PendingKill = v.strictObject({
  /** Of the VM that it runs in. */
  marker: v.string(),
  /** Empty for a process of the guest itself. */
  containerId: v.union([id, v.literal("")]),
  execId: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
});
export type PendingKill = v.InferOutput<typeof PendingKill>;

/**
 * Writes down that a process is to be killed: whoever asks the guest next does it. It needs no lock, since each
 * has a file of its own; a sandbox that is gone has none.
 */
export async function recordPendingKill(
  context: Context,
  sandboxId: string,
  kill: PendingKill,
): Promise<void> {
  const folder = context.store.folder(sandboxId).pendingKills;
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    if (!isErrno(error, "EEXIST")) throw hostError(error, `making the folder ${folder}`);
  }
  await writeAtomic(join(folder, kill.execId), JSON.stringify(kill));
}

/** Kills what is pending in this VM; what the guest can't confirm stays pending. */
export async function sendPendingKills(
  context: Context,
  sandbox: StoredSandbox,
  agent: Agent,
  signal: AbortSignal,
): Promise<void> {
  const folder = context.store.folder(sandbox.id).pendingKills;
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const pending = parsePendingKill(await readIfThere(path));
    if (pending !== undefined && pending.marker === sandbox.vm?.marker)
      await kill(agent, pending, signal);
    await rm(path, { force: true });
  }
}

/** Confirms that the process has ended. */
async function kill(agent: Agent, pending: PendingKill, signal: AbortSignal): Promise<void> {
  try {
    await agent.signalProcess(pending.containerId, pending.execId, sigkill, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).slice(0, maxPendingKills);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw hostError(error, `reading ${folder}`);
  }
}

/** What can't be read is nothing that a process of this library has written. */
function parsePendingKill(text: string | undefined): PendingKill | undefined {
  try {
    return v.parse(PendingKill, JSON.parse(text ?? ""));
  } catch {
    return undefined;
  }
}
