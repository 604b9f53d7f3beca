import { LineSplitter, type LogLine, type LogRecord } from "./lines.ts";

/** All lines of a log. */
export async function* allLines(records: AsyncIterable<LogRecord>): AsyncGenerator<LogLine> {
  const splitter = new LineSplitter();
  for await (const record of records) yield* splitter.push(record);
  yield* splitter.rest();
}

/**
 * The last `count` lines of the first `known` records, and then every line that comes after them
 * (`known` may be infinite: then those of the whole log).
 */
export async function* lastLines(
  records: AsyncIterable<LogRecord>,
  count: number,
  known: number,
): AsyncGenerator<LogLine> {
  const splitter = new LineSplitter();
  let kept: LogLine[] = [];
  let seen = 0;
  for await (const record of records) {
    const lines = splitter.push(record);
    seen++;
    kept.push(...lines);
    if (seen <= known) kept = last(kept, count);
    if (seen >= known) yield* kept.splice(0);
  }
  kept.push(...splitter.rest());
  yield* seen < known ? last(kept, count) : kept;
}

function last(lines: LogLine[], count: number): LogLine[] {
  return lines.length > count ? lines.slice(lines.length - count) : lines;
}
