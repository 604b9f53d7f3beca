import type { Context } from "../../context.ts";
import { drained } from "../../terminal/drained.ts";
import type { LogLine, LogRecord } from "./lines.ts";
import { allLines, lastLines } from "./tail.ts";

export interface PrintOptions {
  follow?: boolean;
  timestamps?: boolean;
  tail?: number;
}

/** Opens a container's log at its beginning. */
export type OpenLog = (follow: boolean) => AsyncIterable<LogRecord>;

/**
 * Prints a log, each stream on its own; byte for byte unless lines are asked for. Gives the number of
 * pieces that it printed.
 */
export async function print(
  open: OpenLog,
  options: PrintOptions,
  context: Context,
): Promise<number> {
  let printed = 0;
  const follow = options.follow ?? false;
  const write = async ({ stream, data }: LogRecord): Promise<void> => {
    const to = stream === "stdout" ? context.stdout : context.stderr;
    printed++;
    if (!to.write(data)) await drained(to);
  };
  if (options.tail === undefined && !options.timestamps) {
    for await (const record of open(follow)) await write(record);
    return printed;
  }
  for await (const line of await lines(open, follow, options.tail)) {
    await write(options.timestamps ? stamped(line) : line);
  }
  return printed;
}

async function lines(
  open: OpenLog,
  follow: boolean,
  tail: number | undefined,
): Promise<AsyncIterable<LogLine>> {
  if (tail === undefined) return allLines(open(follow));
  return lastLines(
    open(follow),
    tail,
    follow ? await count(open(false)) : Number.POSITIVE_INFINITY,
  );
}

async function count(records: AsyncIterable<unknown>): Promise<number> {
  let total = 0;
  for await (const _ of records) total++;
  return total;
}

function stamped(line: LogLine): LogLine {
  const time = Buffer.from(`${line.time.toISOString()} `);
  return { ...line, data: Buffer.concat([time, line.data]) };
}
