import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { AckScanner, encodeHello } from "@virtcontainers/agent-protocol/ports";
import { TtrpcClient } from "@virtcontainers/ttrpc";
import { VirtError } from "../../errors.ts";

/** What a port may deliver of earlier sessions before the acknowledgement must have come: a port's buffers, amply. */
const maxStaleBytes = 64 * 1024 * 1024;

/** Opens a session on a virtio-serial port: HELLO, then nothing counts until our own ACK has come. */
export async function openSession(
  stream: Duplex,
  token: Uint8Array,
  signal: AbortSignal,
): Promise<TtrpcClient> {
  const nonce = randomBytes(16);
  stream.write(encodeHello(token, nonce));
  const rest = await acknowledged(stream, nonce, signal);
  if (rest.length > 0) stream.unshift(rest);
  return new TtrpcClient(stream);
}

function acknowledged(stream: Duplex, nonce: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const scanner = new AckScanner(nonce);
    const finish = (): void => {
      stream.off("data", onData);
      stream.off("close", onClose);
      stream.off("error", onClose);
      signal.removeEventListener("abort", onAbort);
      stream.pause();
    };
    const fail = (error: unknown): void => {
      finish();
      stream.destroy();
      reject(error);
    };
    const onData = (chunk: Uint8Array): void => {
      const rest = scanner.push(chunk);
      if (rest !== undefined) {
        finish();
        resolve(rest);
      } else if (scanner.discarded > maxStaleBytes) {
        fail(
          new VirtError(
            "PROTOCOL_VIOLATION",
            "the agent's port delivers data without end, but no acknowledgement",
          ),
        );
      }
    };
    const onClose = (): void =>
      fail(new VirtError("SANDBOX_DEAD", "the VM closed the agent's port"));
    const onAbort = (): void => fail(signal.reason);
    if (signal.aborted) return fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    stream.on("close", onClose);
    stream.on("error", onClose);
    stream.on("data", onData);
  });
}
