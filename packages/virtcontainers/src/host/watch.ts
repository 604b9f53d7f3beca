import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { withErrorListener } from "./error-listener.ts";
import type { Libc } from "./libc.ts";

/**
 * Closes when a descriptor becomes readable from which nothing can be read, without a thread and without
 * polling. Takes the descriptor over.
 *
 * Node.js lets nobody add a file descriptor of its own to the event loop. It does watch pipes: so a pipe is
 * handed to a socket, and before the loop gets to see it the descriptor is put in the pipe's place. What the
 * loop then reports is what the descriptor tells, and that nothing can be read from it (EINVAL) is the signal.
 */
export function watchReadable(libc: Libc, fd: number): Socket {
  const [readEnd, writeEnd] = libc.pipe();
  const options = { fd: readEnd, readable: true, writable: false, manualStart: true };
  const socket = withErrorListener(new Socket(options));
  libc.duplicate(fd, readEnd);
  closeSync(fd);
  closeSync(writeEnd);
  socket.resume();
  socket.read(0);
  return socket;
}
