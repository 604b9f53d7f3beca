import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { printable, VirtError } from "../errors.ts";
import type { Host } from "../host/host.ts";

/** Where the Kata agent's contract has it listen. */
export const agentVsockPort = 1024;

/** How long an answer may take; then the guest is dialled again. */
const answerMs = 10_000;

/** `OK`, a blank and the host's port; no answer of a VMM is longer. */
const maxAnswer = 64;

/** Where a VMM, or the process that serves vsock for it, takes connections for the ports of its guest. */
export interface HybridVsock {
  path: string;
  port: number;
}

/**
 * A connection to a port of the guest over the unix socket of its VMM, as Firecracker, Cloud Hypervisor and
 * vhost-device-vsock offer it. While nobody listens in the guest the VMM closes the connection, which is dialled
 * again until the signal ends it. PROTOCOL_VIOLATION for an answer that is none.
 */
export async function connectHybridVsock(
  { sockets }: Pick<Host, "sockets">,
  { path, port }: HybridVsock,
  signal: AbortSignal,
): Promise<Duplex> {
  // For the moment at which the guest begins to listen the host gets no event.
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
    const stream = await sockets.connectWhenReady(path, signal);
    try {
      stream.write(`CONNECT ${port}\n`);
      const answer = await firstLine(stream, signal);
      if (answer !== undefined) {
        assertAccepted(answer, path);
        return stream;
      }
    } catch (error) {
      stream.destroy();
      throw error;
    }
    stream.destroy();
    await sleep(pauseMs, undefined, { signal });
  }
}

function assertAccepted(answer: string, path: string): void {
  if (/^OK \d{1,10}$/.test(answer)) return;
  throw new VirtError(
    "PROTOCOL_VIOLATION",
    `${path} answered ${JSON.stringify(printable(answer))} instead of OK and a port`,
    { hint: "Look which process made this socket: it must serve vsock." },
  );
}

/** The first line; what follows stays in the stream. Undefined if it is closed before, or says nothing for too long. */
function firstLine(stream: Duplex, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const finish = (act: () => void): void => {
      stream.off("data", onData).off("close", onClosed).off("end", onClosed);
      signal.removeEventListener("abort", onAbort);
      clearTimeout(timer);
      stream.pause();
      act();
    };
    const onData = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk]);
      const end = read.indexOf("\n");
      if (end < 0 && read.length <= maxAnswer) return;
      finish(() => {
        if (end >= 0 && end + 1 < read.length) stream.unshift(read.subarray(end + 1));
        resolve(read.toString("latin1", 0, end < 0 ? maxAnswer : end));
      });
    };
    const onClosed = (): void => finish(() => resolve(undefined));
    const onAbort = (): void => finish(() => reject(signal.reason));
    const timer = setTimeout(onClosed, answerMs);
    if (signal.aborted) return onAbort();
    // It may have been closed as soon as it was made.
    if (stream.destroyed || stream.readableEnded) return onClosed();
    signal.addEventListener("abort", onAbort, { once: true });
    stream.on("data", onData).on("close", onClosed).on("end", onClosed);
  });
}
