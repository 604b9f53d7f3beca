import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { hostError, isErrno } from "./errno.ts";
import type { ProcessIdentity } from "./host.ts";
import { isSame } from "./identity.ts";
import type { Libc } from "./libc.ts";

/**
 * Resolves when a process is gone, whoever started it, without a thread and without polling.
 *
 * A pidfd becomes readable when its process ends, but Node.js lets nobody add a file descriptor of its
 * own to the event loop. It does watch pipes: so a pipe is handed to a socket, and before the loop gets
 * to see it the pidfd is put in the pipe's place. What the loop then reports is the process's end, and
 * that nothing can be read from a pidfd (EINVAL) is the signal. Does not keep this process alive.
 */
export function waitGone(
  libc: Libc,
  process: ProcessIdentity,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const pidfd = openPidfd(libc, process);
  if (pidfd === undefined) return Promise.resolve();
  const watch = watchPidfd(libc, pidfd);
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

function watchPidfd(libc: Libc, pidfd: number): Socket {
  const [readEnd, writeEnd] = libc.pipe();
  const options = { fd: readEnd, readable: true, writable: false, manualStart: true };
  const socket = new Socket(options);
  libc.duplicate(pidfd, readEnd);
  closeSync(pidfd);
  closeSync(writeEnd);
  socket.on("error", () => {});
  socket.unref();
  socket.resume();
  socket.read(0);
  return socket;
}
