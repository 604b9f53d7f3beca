import { closeSync, watch } from "node:fs";
import { chmod, chown } from "node:fs/promises";
import { connect as connectSocket, Socket } from "node:net";
import { constants } from "node:os";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inetAddress, unixAddress } from "./addresses.ts";
import { errnoError, hostError, isErrno } from "./errno.ts";
import { withErrorListener } from "./error-listener.ts";
import { pin, pinnedPath, pinParent } from "./files.ts";
import type { PassingSocket, Sockets } from "./host.ts";
import type { Libc } from "./libc.ts";
import { openDescriptor } from "./open-descriptor.ts";
import type { UserIds } from "./user-ids.ts";
import { createVsock } from "./vsock.ts";

/** Connections that wait for a daemon which has not begun to accept. */
const backlog = 16;
/** As many as Node.js lets wait. */
const portBacklog = 511;

export function createSockets(libc: () => Libc): Sockets {
  return {
    connect: async (path, options = {}) => {
      options.signal?.throwIfAborted();
      try {
        return await connect(path, options.signal);
      } catch (error) {
        throw failure(error, path, options.signal);
      }
    },
    connectWhenReady: async (path, signal) => {
      try {
        return await connectWhenReady(path, signal);
      } catch (error) {
        throw failure(error, path, signal);
      }
    },
    connectPassing: async (path, signal) => {
      try {
        return await connectPassing(libc(), path, signal);
      } catch (error) {
        throw failure(error, path, signal);
      }
    },
    connectInheritable: async (path, signal) => {
      try {
        const fd = await whenReady(path, signal, () => connectDescriptor(libc(), path));
        return openDescriptor(fd);
      } catch (error) {
        throw failure(error, path, signal);
      }
    },
    listen: async (path, owner) => {
      try {
        return await listen(libc(), path, owner);
      } catch (error) {
        throw hostError(error, `making the socket ${path}`);
      }
    },
    bindPort: async ({ protocol, address, port }) => {
      const fd = libc().bindPort(inetAddress(address, port), protocol, portBacklog);
      return openDescriptor(fd);
    },
    ...createVsock(libc),
  };
}

function failure(error: unknown, path: string, signal: AbortSignal | undefined): unknown {
  return signal?.aborted === true ? signal.reason : hostError(error, `connecting to ${path}`);
}

/**
 * The socket is named through a file descriptor that pins it: so its path may have any length, and a
 * symlink that somebody put in its place is not followed.
 */
async function connect(path: string, signal: AbortSignal | undefined): Promise<Socket> {
  await using file = await pin(path);
  return await new Promise<Socket>((resolve, reject) => {
    const socket = withErrorListener(connectSocket({ path: pinnedPath(file.fd) }));
    const finish = (act: () => void): void => {
      signal?.removeEventListener("abort", onAbort);
      socket.off("connect", onConnect).off("error", onError);
      act();
    };
    const onConnect = (): void => finish(() => resolve(socket));
    const onError = (error: Error): void => finish(() => reject(error));
    const onAbort = (): void => {
      finish(() => reject(signal?.reason));
      socket.destroy();
    };
    socket.once("connect", onConnect).once("error", onError);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** By a descriptor whose number is known, as Node.js tells none of its own. */
async function connectPassing(
  libc: Libc,
  path: string,
  signal: AbortSignal,
): Promise<PassingSocket> {
  return await whenReady(path, signal, async () => {
    const fd = await connectDescriptor(libc, path);
    let stream: Socket;
    try {
      stream = withErrorListener(new Socket({ fd, readable: true, writable: true }));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    const send = (bytes: Uint8Array, passed: number): void => {
      // A number of a connection that was closed may be another file's by now.
      if (stream.destroyed || stream.writableLength > 0)
        throw errnoError(constants.errno.EPIPE, "sendmsg");
      libc.sendDescriptor(fd, bytes, passed);
    };
    return { stream, send };
  });
}

async function connectDescriptor(libc: Libc, path: string): Promise<number> {
  await using file = await pin(path);
  return libc.beginConnect(unixAddress(pinnedPath(file.fd)));
}

async function connectWhenReady(path: string, signal: AbortSignal): Promise<Socket> {
  return await whenReady(path, signal, () => connect(path, signal));
}

async function whenReady<T>(
  path: string,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const appeared = watchFor(path, signal);
  try {
    // The pauses bridge the moment between bind(2) and listen(2), for which there is no event.
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
      try {
        return await attempt();
      } catch (error) {
        if (isErrno(error, "ENOENT")) await appeared.next();
        else if (isErrno(error, "ECONNREFUSED", "EAGAIN"))
          await sleep(pauseMs, undefined, { signal });
        else throw error;
      }
    }
  } finally {
    appeared.close();
  }
}

/** Tells when a name appears in a folder; what happens between two calls of `next` is not lost. */
function watchFor(path: string, signal: AbortSignal): { next(): Promise<void>; close(): void } {
  const name = basename(path);
  const watcher = watch(dirname(path), { persistent: true });
  let seen = false;
  let wake: ((error?: unknown) => void) | undefined;
  const onAbort = (): void => wake?.(signal.reason);
  watcher.on("change", (_event, file) => {
    if (file !== null && file.toString() !== name) return;
    seen = true;
    wake?.();
  });
  watcher.on("error", (error) => wake?.(error));
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    next: () =>
      new Promise<void>((resolve, reject) => {
        wake = (error) => {
          wake = undefined;
          seen = false;
          if (error === undefined) resolve();
          else reject(error);
        };
        if (signal.aborted) wake(signal.reason);
        else if (seen) wake();
      }),
    close: () => {
      signal.removeEventListener("abort", onAbort);
      watcher.close();
    },
  };
}

async function listen(libc: Libc, path: string, owner: UserIds | undefined): Promise<number> {
  await using parent = await pinParent(path);
  const short = pinnedPath(parent.fd, basename(path));
  const fd = libc.listenUnix(short, backlog);
  try {
    await setOwner(short, owner);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Nobody but root, and whoever owns the folder, can reach the socket before this is done. What the latter has put in
 * its place meanwhile is left as it is.
 */
async function setOwner(path: string, owner: UserIds | undefined): Promise<void> {
  await using made = await pin(path);
  const found = await made.stat();
  if (!found.isSocket() || found.nlink !== 1 || found.uid !== process.geteuid?.())
    throw new Error("it was replaced while it was made");
  await chmod(pinnedPath(made.fd), 0o600);
  if (owner !== undefined) await chown(pinnedPath(made.fd), owner.uid, owner.gid);
}
