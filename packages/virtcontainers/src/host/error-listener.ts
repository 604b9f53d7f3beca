import type { Duplex } from "node:stream";

/**
 * An error of a stream that nobody listens to would end this process; who reads or writes is told of it all
 * the same. So each stream of ours has a listener from its first moment to its last.
 */
export function withErrorListener<T extends Duplex>(stream: T): T {
  stream.on("error", () => {});
  return stream;
}
