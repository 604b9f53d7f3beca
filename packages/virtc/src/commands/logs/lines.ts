/** A piece of a container's log. */
export interface LogRecord {
  stream: "stdout" | "stderr";
  time: Date;
  data: Uint8Array;
}

/** One line with its end, if it has one, and the time of its first byte. */
export type LogLine = LogRecord;

const newline = 0x0a;
/** A longer line is cut, so that a guest can't make the host hold all that it writes. */
const longestLine = 1024 ** 2;

/** Cuts records into lines, each stream on its own. */
export class LineSplitter {
  readonly #open = new Map<
    LogRecord["stream"],
    { time: Date; parts: Uint8Array[]; length: number }
  >();

  /** The lines that this record completes. */
  push({ stream, time, data }: LogRecord): LogLine[] {
    const lines: LogLine[] = [];
    let from = 0;
    while (from < data.length) {
      const line = this.#open.get(stream) ?? { time, parts: [], length: 0 };
      const end = data.indexOf(newline, from);
      const room = longestLine - line.length;
      const to = Math.min(end < 0 ? data.length : end + 1, from + room);
      line.parts.push(data.subarray(from, to));
      line.length += to - from;
      this.#open.set(stream, line);
      if (to - 1 === end || line.length === longestLine) {
        this.#open.delete(stream);
        lines.push({ stream, time: line.time, data: Buffer.concat(line.parts) });
      }
      from = to;
    }
    return lines;
  }

  /** What stands after the last line ends. */
  rest(): LogLine[] {
    const lines = [...this.#open].map(([stream, { time, parts }]) => ({
      stream,
      time,
      data: Buffer.concat(parts),
    }));
    this.#open.clear();
    return lines;
  }
}
