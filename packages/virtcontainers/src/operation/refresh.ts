import type { GuestProcess } from "../agent/agent.ts";
import { extensionFeature } from "../agent/features.ts";
import { isVirtError } from "../errors.ts";
import { readExits } from "../logs/exits.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";

/** Brings a stored state up to date with what is true now: a VM or container may have died unseen. */
export async function refresh(
  context: Context,
  sandbox: StoredSandbox,
  connection: Connection,
  signal: AbortSignal,
): Promise<void> {
  if (sandbox.state === "stopped" || sandbox.state === "creating" || sandbox.vm === undefined)
    return;
  if (!(await isVmAlive(context, sandbox))) {
    await markGone(context, sandbox, { signal });
    return;
  }
  if (sandbox.state === "paused" || !sandbox.containers.some(isInGuest)) return;
  if (!sandbox.agentFeatures.includes(extensionFeature)) return;
  try {
    const agent = await connection.agent(sandbox, signal);
    learnExits(sandbox, await agent.listProcesses("", signal));
  } catch (error) {
    if (!isVirtError(error, "SANDBOX_DEAD")) throw error;
    if (!(await isVmAlive(context, sandbox))) await markGone(context, sandbox, { signal });
  }
}

/** One that is paused, or was never started, can be killed too. */
function isInGuest({ state }: StoredContainer): boolean {
  return state === "ready" || state === "running" || state === "paused";
}

/**
 * The VM is gone: everything in it has ended; the log may know how, and `time` is when otherwise. The signal
 * ends the reading of the log, which may be long.
 */
export async function markGone(
  context: Context,
  sandbox: StoredSandbox,
  { time, signal }: { time?: Date; signal?: AbortSignal } = {},
): Promise<void> {
  const up = sandbox.containers.filter(({ state }) => state !== "stopped").map(({ id }) => id);
  const exits = await readExits(
    context.store.folder(sandbox.id).log(sandbox.logCarrier),
    up,
    signal,
  );
  for (const container of sandbox.containers) {
    if (container.state === "stopped") continue;
    const known = exits.get(container.id);
    markExited(
      container,
      known?.exitCode ?? (container.state === "ready" ? undefined : 137),
      known?.time ?? time,
    );
  }
  sandbox.state = "stopped";
  delete sandbox.vm;
  delete sandbox.ends;
  delete sandbox.shareDaemon;
}

/** Without a code it had never been started; without a time nobody saw when. */
export function markExited(
  container: StoredContainer,
  exitCode: number | undefined,
  time: Date | undefined,
): void {
  container.state = "stopped";
  if (exitCode === undefined) return;
  container.exitCode = exitCode;
  if (time !== undefined) container.exitedAt = time.toISOString();
}

function learnExits(sandbox: StoredSandbox, processes: readonly GuestProcess[]): void {
  for (const container of sandbox.containers) {
    const init = processes.find((p) => p.containerId === container.id && p.execId === "");
    if (!isInGuest(container) || init === undefined) continue;
    if (container.state !== "ready") container.pid = init.pid;
    if (init.health !== undefined) container.health = init.health;
    if (init.exitCode !== undefined) markExited(container, init.exitCode, init.exitedAt);
  }
}
