import { Readable, Writable } from "node:stream";
import type { Agent } from "../../agent/agent.ts";
import { isVirtError, VirtError } from "../../errors.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { onShareDeath } from "../../storage/virtiofs/daemon.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { noteStreams } from "./open-streams.ts";
import { outputStream } from "./output-stream.ts";
import { offsetsFeature, RetryingAgent } from "./retrying-agent.ts";

/** The streams of a process. Reading slowly slows the process down, not the library. */
export interface IOStream {
  /** Ending it closes the process's standard input. */
  stdin: Writable;
  stdout: Readable;
  /** Empty for a process with a terminal. */
  stderr: Readable;
}

/** Where reading begins: bytes of each stream that were taken before, by this process or another. */
export interface IOOffsets {
  stdoutOffset?: number | undefined;
  stderrOffset?: number | undefined;
}

/** The phase of an error that tells that input was lost. */
export const lostInput = "stdin";

/** What one call asks of the agent, or gives to it, at most. */
const readBytes = 1024 * 1024;
const writeBytes = 256 * 1024;

/** Streams that outlive a broken connection: output goes on where it was, input ends with AGENT_ERROR. */
function resumableStream(
  retrying: RetryingAgent,
  agent: Agent,
  containerId: string,
  execId: string,
  { stdoutOffset, stderrOffset }: IOOffsets,
): IOStream {
  const stdin = stdinStream(agent, containerId, execId, async (error) => {
    if (!(await retrying.isBroken(error))) return error;
    return new VirtError(
      "AGENT_ERROR",
      "the connection broke while input was written; how much of it has arrived is not known",
      { cause: error, containerId, phase: lostInput },
    );
  });
  const place = { containerId, execId };
  return {
    stdin,
    stdout: outputStream(retrying, { ...place, stream: "stdout", offset: stdoutOffset }),
    stderr: outputStream(retrying, { ...place, stream: "stderr", offset: stderrOffset }),
  };
}

/** The streams of a process, by offset where the agent can do that. NOT_SUPPORTED if it has to and can't. */
export async function openStreams(
  operation: Operation,
  containerId: string,
  execId: string,
  offsets: IOOffsets,
  terminal: boolean,
): Promise<IOStream> {
  const agent = await operation.agent();
  if (operation.sandbox.agentFeatures.includes(offsetsFeature))
    return resumableStream(new RetryingAgent(operation), agent, containerId, execId, offsets);
  if (offsets.stdoutOffset === undefined && offsets.stderrOffset === undefined) {
    const io = ioStream(agent, containerId, execId, terminal);
    noteStreams(operation.connection, { containerId, execId }, io);
    return io;
  }
  throw new VirtError("NOT_SUPPORTED", "the agent of this guest can't give output by offset", {
    sandboxId: operation.sandbox.id,
    containerId,
  });
}

/** Ends streams when the share that the container uses dies: what hangs in it writes nothing more, nor ends. */
export function endWithShare(
  operation: Operation,
  container: StoredContainer,
  io: IOStream,
): IOStream {
  const watch = onShareDeath(operation, container, (error) => {
    // An error that nobody listens for would end the program.
    for (const stream of [io.stdin, io.stdout, io.stderr])
      stream.destroy(stream.listenerCount("error") > 0 ? error : undefined);
  });
  let open = 2;
  const onClose = (): void => {
    if (--open === 0) watch[Symbol.dispose]();
  };
  for (const stream of [io.stdout, io.stderr]) stream.once("close", onClose);
  return io;
}

/**
 * Streams over the agent's Read and Write calls; destroying one gives up its call. Of a terminal there is one stream of
 * output, and an agent may give it to whoever asks for either.
 */
function ioStream(agent: Agent, containerId: string, execId: string, terminal: boolean): IOStream {
  return {
    stdin: stdinStream(agent, containerId, execId),
    stdout: readable((signal) => agent.readStdout(containerId, execId, readBytes, signal)),
    stderr: terminal
      ? Readable.from([])
      : readable((signal) => agent.readStderr(containerId, execId, readBytes, signal)),
  };
}

/** How a terminal tells that nobody has it open any more. */
function isTerminalEnd(error: unknown): boolean {
  return isVirtError(error, "AGENT_ERROR") && /\bEIO\b|\bos error 5\b/.test(error.message);
}

function readable(read: (signal: AbortSignal) => Promise<Uint8Array>): Readable {
  const controller = new AbortController();
  return new Readable({
    highWaterMark: readBytes,
    read() {
      read(controller.signal).then(
        (data) => this.push(data.length === 0 ? null : data),
        (error: unknown) => {
          if (isTerminalEnd(error)) this.push(null);
          else this.destroy(asError(error));
        },
      );
    },
    destroy(error, callback) {
      controller.abort(error ?? new Error("the stream was destroyed"));
      callback(error);
    },
  });
}

function stdinStream(
  agent: Agent,
  containerId: string,
  execId: string,
  explain: (error: unknown) => unknown = (error) => error,
): Writable {
  const controller = new AbortController();
  const { signal } = controller;
  const report = (work: Promise<void>, callback: (error?: Error) => void): void => {
    work.then(
      () => callback(),
      async (error: unknown) => callback(asError(await explain(error))),
    );
  };
  return new Writable({
    highWaterMark: writeBytes,
    write(chunk: Uint8Array, _encoding, callback) {
      report(writeAll(agent, containerId, execId, chunk, signal), callback);
    },
    final(callback) {
      report(agent.closeStdin(containerId, execId, signal), callback);
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
