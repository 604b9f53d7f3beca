import { closeSync } from "node:fs";
import { hostError, isErrno } from "./errno.ts";
import { isSame } from "./identity.ts";
import type { Libc } from "./libc.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { watchReadable } from "./watch.ts";

/**
 * Resolves when a process is gone, whoever started it: a pidfd becomes readable when its process ends. Does
 * not keep this process alive.
 */
export function waitGone(
  libc: Libc,
  process: ProcessIdentity,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const pidfd = openPidfd(libc, process);
  if (pidfd === undefined) return Promise.resolve();
  const watch = watchReadable(libc, pidfd).unref();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      watch.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    watch.once("close", () => {
      signal?.removeEventListener("abort", onAbort);
      if (!signal?.aborted) resolve();
    });
  });
}

/** A pidfd of just this process, or undefined if it is gone. */
export function openPidfd(libc: Libc, process: ProcessIdentity): number | undefined {
  let pidfd: number;
  try {
    pidfd = libc.pidfdOpen(process.pid);
  } catch (error) {
    if (isErrno(error, "ESRCH", "EINVAL")) return;
    throw hostError(error, `watching process ${process.pid}`);
  }
  // Only now, since from here on the pid can't be given to another process unseen.
  if (isSame(process)) return pidfd;
  closeSync(pidfd);
  return undefined;
}
