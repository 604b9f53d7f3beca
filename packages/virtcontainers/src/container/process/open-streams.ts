import type { Readable } from "node:stream";
import type { Connection } from "../../operation/connection.ts";

/** Empty `execId`: the container's first process. */
interface Place {
  containerId: string;
  execId: string;
}

/** Of each process whose output is read here: settles when there is no more to read. */
const open = new WeakMap<Connection, Map<string, Promise<void>>>();

/** Remembers the streams of a process until they have ended. */
export function noteStreams(
  connection: Connection,
  place: Place,
  { stdout, stderr }: { stdout: Readable; stderr: Readable },
): void {
  const streams = open.get(connection) ?? new Map<string, Promise<void>>();
  open.set(connection, streams);
  const key = keyOf(place);
  const ends = [stdout, stderr].map(
    (stream) =>
      new Promise<void>((resolve) => {
        stream.once("end", resolve).once("close", resolve);
        if (stream.closed) resolve();
      }),
  );
  const ended = Promise.all([streams.get(key), ...ends]).then(() => {
    if (streams.get(key) === ended) streams.delete(key);
  });
  streams.set(key, ended);
}

/** Waits until nothing of a process's output is left to be read by streams of this process. Throws the signal's reason. */
export async function streamsEnded(
  connection: Connection,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const ended = open.get(connection)?.get(keyOf(place));
  if (ended === undefined) return;
  let onAbort = (): void => {};
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      ended.then(resolve);
    });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function keyOf({ containerId, execId }: Place): string {
  return `${containerId}/${execId}`;
}
