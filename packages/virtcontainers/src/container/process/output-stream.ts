import { Readable } from "node:stream";
import { VirtError } from "../../errors.ts";
import type { RetryingAgent } from "./retrying-agent.ts";

/** What one call asks of the agent at most. */
const readBytes = 1024 * 1024;

/** Which stream of which process, and from where on. */
export interface OutputPlace {
  containerId: string;
  execId: string;
  stream: "stdout" | "stderr";
  /** Bytes before the wanted ones. Absent: from what nobody has acknowledged, and read ahead. */
  offset?: number | undefined;
}

/**
 * An output stream that is read by offset: each call says what has come, so that nothing is lost or doubled
 * when the connection breaks. With an offset of the caller's, nothing is asked for before what came is taken,
 * so that whoever goes on elsewhere can have the last piece again.
 */
export function outputStream(retrying: RetryingAgent, place: OutputPlace): Readable {
  const { containerId, execId, stream } = place;
  const controller = new AbortController();
  const { signal } = controller;
  let { offset } = place;
  const read = async (): Promise<Uint8Array | null> => {
    const { data, eof, ...answer } = await retrying.call(signal, (agent) =>
      agent.readOutput(containerId, execId, { stream, offset, length: readBytes }, signal),
    );
    offset ??= answer.offset;
    if (answer.offset !== offset || (data.length === 0 && !eof)) {
      throw new VirtError(
        "PROTOCOL_VIOLATION",
        `the guest agent gave ${data.length} bytes at ${answer.offset} where those at ${offset} were asked for`,
        { containerId },
      );
    }
    offset += data.length;
    return data.length === 0 ? null : data;
  };
  return new Readable({
    highWaterMark: place.offset === undefined ? readBytes : 0,
    read() {
      read().then(
        (data) => this.push(data),
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
      );
    },
    destroy(error, callback) {
      controller.abort(error ?? new Error("the stream was destroyed"));
      callback(error);
    },
  });
}
