import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { VirtError } from "../../errors.ts";
import { dyingMs } from "../../hypervisor/ending.ts";
import { tailOf } from "../../hypervisor/last-words.ts";
import type { Context } from "../../operation/context.ts";
import type { Operation } from "../../operation/run-verb.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { isVmAlive } from "../../store/vm-alive.ts";

/** The ledger's name of the daemon that serves a share. */
export const daemonName = "virtiofsd";

/** What it says, in memory: the guest makes it say what it likes. */
export function daemonLog(context: Context, sandboxId: string): string {
  return join(context.store.folder(sandboxId).shareLog, "virtiofsd.log");
}

const lastWords = 5;

/** With a VM that ends its daemon ends too, a moment earlier. */
const vmEndsMs = 500;

/** True if the daemon of a sandbox's share has ended and its VM is still there, now or a moment later. */
export async function isShareDead(context: Context, sandbox: StoredSandbox): Promise<boolean> {
  if (await hasDaemon(context, sandbox)) return false;
  return await outlives(context, sandbox, new AbortController().signal);
}

/** Throws SHARE_DEAD if a container uses a share that nobody serves any more. */
export async function assertShare(
  { context, sandbox }: Pick<Operation, "context" | "sandbox">,
  container: StoredContainer,
): Promise<void> {
  if (!usesShare(container) || !(await isShareDead(context, sandbox))) return;
  throw await shareDead(context, sandbox.id, container.id);
}

/**
 * Ends an operation with SHARE_DEAD when the share that its container uses dies, as long as what this gives is
 * not disposed: the guest would wait for it for ever. Throws it if the share is dead already.
 */
export async function watchShare(
  operation: Operation,
  container: StoredContainer,
): Promise<Disposable> {
  await assertShare(operation, container);
  const { deadline } = operation;
  return onShareDeath(operation, container, (error) => deadline.fail(error));
}

/** Tells when the share that a container uses dies, or whoever uses it, until what this gives is disposed. */
export function onShareDeath(
  { context, sandbox }: Pick<Operation, "context" | "sandbox">,
  container: StoredContainer | undefined,
  tell: (error: VirtError) => void,
): Disposable {
  const stop = new AbortController();
  const { signal } = stop;
  const watch = async (): Promise<void> => {
    const uses = container === undefined || usesShare(container);
    if (sandbox.shareDaemon === undefined || !uses) return;
    await context.host.processes.waitGone(sandbox.shareDaemon, signal);
    const dead = await outlives(context, sandbox, signal);
    if (!dead) return;
    const error = await shareDead(context, sandbox.id, container?.id);
    if (!signal.aborted) tell(error);
  };
  watch().catch(() => {});
  return { [Symbol.dispose]: () => stop.abort() };
}

/**
 * Why a VM could not be started whose share nobody serves any more: the VMM only knows that somebody hung up.
 * Undefined if its share is served.
 */
export async function explainStart(
  context: Context,
  sandbox: StoredSandbox,
  cause: unknown,
): Promise<VirtError | undefined> {
  const { shareDaemon } = sandbox;
  if (shareDaemon === undefined) return undefined;
  const waiting = AbortSignal.timeout(dyingMs);
  await context.host.processes.waitGone(shareDaemon, waiting).catch(() => {});
  if (await hasDaemon(context, sandbox)) return undefined;
  return await shareDead(context, sandbox.id, undefined, cause);
}

/** SHARE_DEAD, with the last words of the daemon. */
export async function shareDead(
  context: Context,
  sandboxId: string,
  containerId?: string,
  cause?: unknown,
): Promise<VirtError> {
  const said = await tailOf(daemonLog(context, sandboxId), lastWords).catch(() => "");
  const words = said === "" ? "" : `: ${said}`;
  return new VirtError("SHARE_DEAD", `the virtiofsd of sandbox ${sandboxId} has ended${words}`, {
    ...(cause !== undefined && { cause }),
    sandboxId,
    containerId,
    phase: "share",
    hint: "What uses its shared folders hangs, all else goes on. virtiofsd.log, in the sandbox's folder until it is stopped, may tell why; stop the sandbox by force and start it again, or delete it.",
  });
}

/** True unless the daemon has ended; a sandbox without one misses none. */
async function hasDaemon(context: Context, { shareDaemon }: StoredSandbox): Promise<boolean> {
  return shareDaemon === undefined || (await context.host.processes.isAlive(shareDaemon));
}

/** True if the VM is there for longer than one that its daemon has just ended with. */
async function outlives(
  context: Context,
  sandbox: StoredSandbox,
  signal: AbortSignal,
): Promise<boolean> {
  if (sandbox.vm === undefined || !(await isVmAlive(context, sandbox))) return false;
  const stop = new AbortController();
  const watching = AbortSignal.any([signal, stop.signal]);
  const ended = context.host.processes.waitGone(sandbox.vm.process, watching).catch(() => {});
  await Promise.race([ended, sleep(vmEndsMs, undefined, { signal: watching }).catch(() => {})]);
  stop.abort();
  return await isVmAlive(context, sandbox);
}

function usesShare({ rootFolder, mounts }: StoredContainer): boolean {
  return rootFolder !== undefined || mounts.some(({ kind }) => kind === "share");
}
