import { setTimeout as sleep } from "node:timers/promises";
import type { Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import type { Hold } from "../store/hold.ts";
import type { Context } from "./context.ts";

/** How long a caller waits for work that was told to end. */
const callerGraceMs = 2_000;

/** How long such work may go on holding the sandbox: what undoing takes, with a VM to be ended. */
const holdGraceMs = 30_000;

/**
 * Runs work on a sandbox that is held, to the end of its deadline and a moment more. Work that does not end then
 * goes on by itself, and the sandbox is held until it has ended; after a long time the sandbox is given up all the
 * same, and what the work would change then is refused.
 */
export async function whileHeld<T>(
  context: Context,
  hold: Hold,
  deadline: Deadline,
  run: (held: Context) => Promise<T>,
): Promise<T> {
  const { store, events, logger } = context;
  const work = run({ ...context, store: store.under(hold), events: events.under(hold) });
  const ended = keepUntilEnded(hold, work, deadline.signal);
  try {
    return await deadline.race(work);
  } catch (error) {
    if (await isLate(ended)) {
      logger.warn({ err: error }, "an operation that was called off is still being undone");
      throw error;
    }
    return await outcome(work, error);
  }
}

/** Settles when the work has ended and the sandbox is given up. */
function keepUntilEnded(hold: Hold, work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let lease: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    lease = setTimeout(() => hold.release(), holdGraceMs).unref();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const end = (): void => {
    signal.removeEventListener("abort", onAbort);
    clearTimeout(lease);
    hold.release();
  };
  return work.then(end, end);
}

async function isLate(ended: Promise<void>): Promise<boolean> {
  const patience = new AbortController();
  const late = sleep(callerGraceMs, true, { signal: patience.signal }).catch(() => true);
  try {
    return await Promise.race([ended.then(() => false), late]);
  } finally {
    patience.abort();
  }
}

/** What was done all the same is done; of its failure the work may know more: what is left of it. */
async function outcome<T>(work: Promise<T>, reason: unknown): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isVirtError(reason) && isVirtError(error, reason.code) ? error : reason;
  }
}
