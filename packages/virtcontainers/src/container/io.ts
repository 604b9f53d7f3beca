import { Readable, Writable } from "node:stream";
import type { Agent } from "../agent/agent.ts";

/** The streams of a process. Reading slowly slows the process down, not the library. */
export interface IOStream {
  /** Ending it closes the process's standard input. */
  stdin: Writable;
  stdout: Readable;
  /** Empty for a process with a terminal. */
  stderr: Readable;
}

/** What one call asks of the agent, or gives to it, at most. */
const readBytes = 1024 * 1024;
const writeBytes = 256 * 1024;

/** Streams over the agent's Read and Write calls; destroying one gives up its call. */
export function ioStream(agent: Agent, containerId: string, execId: string): IOStream {
  return {
    stdin: stdinStream(agent, containerId, execId),
    stdout: readable((signal) => agent.readStdout(containerId, execId, readBytes, signal)),
    stderr: readable((signal) => agent.readStderr(containerId, execId, readBytes, signal)),
  };
}

function readable(read: (signal: AbortSignal) => Promise<Uint8Array>): Readable {
  const controller = new AbortController();
  return new Readable({
    highWaterMark: readBytes,
    read() {
      read(controller.signal).then(
        (data) => this.push(data.length === 0 ? null : data),
        (error: unknown) => this.destroy(asError(error)),
      );
    },
    destroy(error, callback) {
      controller.abort(error ?? new Error("the stream was destroyed"));
      callback(error);
    },
  });
}

function stdinStream(agent: Agent, containerId: string, execId: string): Writable {
  const controller = new AbortController();
  const { signal } = controller;
  return new Writable({
    highWaterMark: writeBytes,
    write(chunk: Uint8Array, _encoding, callback) {
      writeAll(agent, containerId, execId, chunk, signal).then(() => callback(), callback);
    },
    final(callback) {
      agent.closeStdin(containerId, execId, signal).then(() => callback(), callback);
    },
    destroy(error, callback) {
      controller.abort(error ?? new Error("the stream was destroyed"));
      callback(error);
    },
  });
}

async function writeAll(
  agent: Agent,
  containerId: string,
  execId: string,
  data: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; at < data.length; ) {
    at += await agent.writeStdin(containerId, execId, data.subarray(at, at + writeBytes), signal);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
