import { closeSync, constants, openSync } from "node:fs";
import type { Duplex } from "node:stream";
import { isatty, ReadStream, WriteStream } from "node:tty";

/** A terminal of the host that passes bytes on as they are; closing it gives its mode back. */
export interface HostTerminal {
  readonly stream: Duplex;
  readonly size: { height: number; width: number };
  close(): void;
}

/** Opens a terminal, not as the controlling one; undefined if the path leads to something else. */
export function openTerminal(path: string): HostTerminal | undefined {
  const fd = openDevice(path);
  if (!isatty(fd)) {
    closeSync(fd);
    return undefined;
  }
  const size = terminalSize(path);
  // A stream to write with would wait for whoever shows the terminal, and this program with it; this one does both.
  const stream = new ReadStream(fd);
  stream.setRawMode(true);
  return {
    stream,
    size,
    close: () => {
      if (stream.destroyed) return;
      stream.setRawMode(false);
      stream.destroy();
    },
  };
}

/** Without O_NONBLOCK the open of something else, such as a FIFO, could wait for ever. */
function openDevice(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
}

function terminalSize(path: string): HostTerminal["size"] {
  const stream = new WriteStream(openDevice(path));
  const { rows, columns } = stream;
  stream.destroy();
  return { height: rows, width: columns };
}
