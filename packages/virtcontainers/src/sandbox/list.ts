import { type ListOptions, ListOptionsSchema } from "../config/list.ts";
import { Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { markGone, refresh } from "../operation/refresh.ts";
import { defaultTimeoutMs } from "../operation/run-verb.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import { Turns } from "../turns.ts";
import { parse } from "../validate.ts";
import { isToBeDeleted } from "./lifetime.ts";
import { reclaim } from "./reclaim.ts";
import { type SandboxStatus, sandboxStatus } from "./status.ts";

/** How long sandboxes may take to say how their containers are, before their last known states are shown. */
const refreshTimeoutMs = 5_000;

/** What of a shorter deadline that may be. */
const refreshShare = 0.5;

/** How many sandboxes are looked at at once: each that runs takes a connection. */
const maxAtOnce = 16;

/**
 * All sandboxes of the user that the options ask for, the oldest first. One that is being deleted meanwhile is left out; of one whose guest
 * does not answer in time the last known state is shown. One at rest is as it was written down: it costs a look at
 * that, and nothing else.
 */
export async function listSandboxes(
  context: Context,
  input: ListOptions,
): Promise<SandboxStatus[]> {
  const options: ListOptions = parse(ListOptionsSchema, input);
  using deadline = new Deadline(options, defaultTimeoutMs, "list");
  const { signal } = deadline;
  const { timeoutMs = defaultTimeoutMs } = options;
  const refreshMs = Math.max(1, Math.min(refreshTimeoutMs, timeoutMs * refreshShare));
  using limit = new Deadline({ signal }, refreshMs, "list");
  const left = (await context.store.ids()).values();
  const read = context.store.reader();
  const turns = new Turns(signal);
  const found: SandboxStatus[] = [];
  const look = async (): Promise<void> => {
    for (const id of left) {
      deadline.check();
      const status = await unlessUnreadable(context, id, async () => {
        const stored = read(id);
        if (stored !== undefined && !isLabelled(stored, options)) return undefined;
        if (stored !== undefined && (await isToBeDeleted(context, stored))) {
          await reclaim(context, id, { signal });
          return undefined;
        }
        if (stored?.vm === undefined) return stored && (await sandboxStatus(context, stored));
        return await statusOf(context, stored, limit, signal);
      });
      if (status !== undefined && isInState(status, options)) found.push(status);
      if (turns.due) await turns.take();
    }
  };
  await deadline.race(Promise.all(Array.from({ length: maxAtOnce }, look)));
  return found.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

function isLabelled({ config }: StoredSandbox, { labels = {} }: ListOptions): boolean {
  return Object.entries(labels).every(([name, value]) => config.annotations?.[name] === value);
}

function isInState({ state }: SandboxStatus, { state: asked }: ListOptions): boolean {
  return asked === undefined || [asked].flat().includes(state);
}

/** One that can't be read, or is gone meanwhile, is nobody else's trouble. */
async function unlessUnreadable(
  context: Context,
  id: string,
  look: () => Promise<SandboxStatus | undefined>,
): Promise<SandboxStatus | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!isVirtError(error, "STATE_INVALID", "SANDBOX_NOT_FOUND")) throw error;
    context.logger.warn({ err: error, sandboxId: id }, "a sandbox is left out of the list");
    return undefined;
  }
}

/** Of one that had a VM when it was read. */
async function statusOf(
  context: Context,
  stored: StoredSandbox,
  limit: Deadline,
  signal: AbortSignal,
): Promise<SandboxStatus | undefined> {
  const { id, state: before, vm } = stored;
  const connection = new Connection(context, id);
  let sandbox = stored;
  try {
    // What is given up at the limit may still change what it was given.
    const fresh = structuredClone(stored);
    await limit.race(connection.during(() => refresh(context, fresh, connection, limit.signal)));
    sandbox = fresh;
  } catch (error) {
    signal.throwIfAborted();
    context.logger.warn(
      { err: error, sandboxId: id },
      "its containers' present state could not be learnt",
    );
    // To know that its VM is gone nobody has to be asked.
    if (sandbox.vm !== undefined && !(await isVmAlive(context, sandbox)))
      await markGone(context, sandbox, { signal });
  } finally {
    await connection.close();
  }
  if (sandbox.state === before) return await sandboxStatus(context, sandbox);
  await noticeDeath(context, id);
  const now = await seenDead(context, id, vm?.marker, signal);
  return now && (await sandboxStatus(context, now));
}

/** As it is now that its VM is gone: what was read before may have been written since. */
async function seenDead(
  context: Context,
  id: string,
  marker: string | undefined,
  signal: AbortSignal,
): Promise<StoredSandbox | undefined> {
  const now = await context.store.readIfThere(id);
  if (now?.vm !== undefined && now.vm.marker === marker) await markGone(context, now, { signal });
  return now;
}

/** Tells of the end of a VM that nobody has told of; who works on the sandbox does so himself. */
async function noticeDeath(context: Context, id: string): Promise<void> {
  using lock = await context.store.lockIfFree(id);
  if (lock === undefined) return;
  const sandbox = await context.store.readIfThere(id);
  if (sandbox !== undefined) await context.events.catchUp(sandbox);
}
