import { randomInt } from "node:crypto";
import { closeSync } from "node:fs";
import { open } from "node:fs/promises";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { VirtError } from "../errors.ts";
import { vsockAddress } from "./addresses.ts";
import { errnoError, hostError, isErrno } from "./errno.ts";
import { withErrorListener } from "./error-listener.ts";
import type { GuestCid, Sockets } from "./host.ts";
import type { Libc } from "./libc.ts";
import { watchReadable } from "./watch.ts";

export const vhostVsock = "/dev/vhost-vsock";
/** 0 to 2 are the hypervisor, this machine and the host; the highest number means any. */
const firstCid = 3;
const endOfCids = 2 ** 32 - 1;
/** So many addresses in a row that are taken mean something else than use. */
const attempts = 4096;

export function createVsock(libc: () => Libc): Pick<Sockets, "reserveCid" | "connectVsock"> {
  return {
    reserveCid: async () => {
      const file = await open(vhostVsock, "r+").catch((error: unknown) => {
        throw noDevice(error);
      });
      try {
        const cid = firstFree((candidate) => libc().setGuestCid(file.fd, candidate));
        return { cid, fd: file.fd, close: () => file.close() } satisfies GuestCid;
      } catch (error) {
        await file.close();
        throw hostError(error, "reserving an address for vsock");
      }
    },
    connectVsock: async (address, signal) => {
      try {
        return await connectWhenReady(libc(), vsockAddress(address), signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw hostError(error, `connecting to vsock ${address.cid}:${address.port}`);
      }
    },
  };
}

function noDevice(error: unknown): VirtError {
  if (!isErrno(error, "ENOENT", "ENODEV", "ENXIO", "EACCES", "EPERM"))
    return hostError(error, `opening ${vhostVsock}`);
  const message = `${vhostVsock} is missing, or not for this user`;
  const hint = "Load the kernel module: modprobe vhost_vsock";
  return new VirtError("HOST_REQUIREMENT", message, { cause: error, hint });
}

/** Goes upwards from a random address, and from the lowest after the highest, until one can be taken. */
export function firstFree(
  take: (cid: number) => void,
  from = randomInt(firstCid, endOfCids),
): number {
  for (let offset = 0; offset < attempts; offset++) {
    const cid = firstCid + ((from - firstCid + offset) % (endOfCids - firstCid));
    try {
      take(cid);
      return cid;
    } catch (error) {
      if (!isErrno(error, "EADDRINUSE")) throw error;
    }
  }
  throw new VirtError("BUSY", `${attempts} addresses for vsock in a row are in use`);
}

/** A guest that has not come so far is tried again; the kernel tells of none that it has. */
export async function connectWhenReady(
  libc: Libc,
  address: Uint8Array,
  signal: AbortSignal,
): Promise<Socket> {
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
    try {
      return await connect(libc, address, signal);
    } catch (error) {
      if (!isErrno(error, "ECONNRESET", "ECONNREFUSED", "ETIMEDOUT", "ENODEV", "EAGAIN"))
        throw error;
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

async function connect(libc: Libc, address: Uint8Array, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const fd = libc.beginConnect(address);
  try {
    await writable(libc, fd, signal);
    const failed = libc.socketError(fd);
    if (failed !== 0) throw errnoError(failed, "connect");
    return adopt(libc, fd);
  } finally {
    closeSync(fd);
  }
}

function writable(libc: Libc, fd: number, signal: AbortSignal): Promise<void> {
  const watch = watchReadable(libc, libc.watchWritable(fd));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => void watch.destroy();
    signal.addEventListener("abort", onAbort, { once: true });
    watch.once("close", () => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    });
  });
}

/** Node.js takes no sockets of families that it does not know: so it is given a unix one, whose place is taken then. */
function adopt(libc: Libc, fd: number): Socket {
  const place = libc.unixSocket();
  const options = { fd: place, readable: true, writable: true, manualStart: true };
  const socket = withErrorListener(new Socket(options));
  try {
    libc.duplicate(fd, place);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
