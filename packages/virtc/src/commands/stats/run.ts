import { parseDuration } from "../../args/duration.ts";
import type { Context } from "../../context.ts";
import { live } from "../../live/live.ts";
import type { Frame } from "../../live/screen.ts";
import { bytes, memory } from "../../output/human.ts";
import { json, jsonLine } from "../../output/json.ts";
import { table } from "../../output/table.ts";
import type { Measure } from "./measure.ts";
import type { StatsOptions } from "./options.ts";
import { Meter, type StatsRow } from "./rows.ts";

/** Between the two measurements that a first use of CPU needs. */
const firstPauseMs = 1000;

/** Shows statistics, live or once. */
export async function showStats(
  measure: Measure,
  options: StatsOptions,
  context: Context,
): Promise<void> {
  const { stream, json: asJson = false } = options;
  const intervalMs = parseDuration("--interval", options.interval);
  const meter = new Meter(measure);
  const drawn = stream && !asJson && context.stdout.isTTY;
  const pauseMs = drawn ? 0 : Math.min(firstPauseMs, intervalMs);
  await live(
    async (signal) => {
      const rows = await meter.read(pauseMs, signal);
      if (!asJson) return tableOf(rows);
      return {
        lines: (stream ? jsonLine(rows) : json(rows).trimEnd()).split("\n"),
        header: -1,
      };
    },
    { intervalMs, stream, json: asJson },
    context,
  );
}

function tableOf(rows: readonly StatsRow[]): Frame {
  const containers = rows.some(({ container }) => container !== undefined) || rows.length === 0;
  const text = containers ? containerTable(rows) : sandboxTable(rows);
  return { lines: text.trimEnd().split("\n"), header: 0 };
}

function containerTable(rows: readonly StatsRow[]): string {
  return table(
    ["SANDBOX", "CONTAINER", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"],
    rows.map((row) => [
      row.sandbox,
      row.container ?? "-",
      percent(row.cpuPercent),
      pair(row.memoryBytes, row.memoryLimitBytes, memory),
      percent(row.memoryPercent),
      pair(row.receivedBytes, row.sentBytes, bytes),
      pair(row.readBytes, row.writtenBytes, bytes),
      shown(row.pids, String),
    ]),
  );
}

/** What the host counts of a VM is its CPU time and memory. */
function sandboxTable(rows: readonly StatsRow[]): string {
  return table(
    ["SANDBOX", "CPU %", "MEM USAGE"],
    rows.map((row) => [row.sandbox, percent(row.cpuPercent), shown(row.memoryBytes, memory)]),
  );
}

function percent(value: number | null): string {
  return shown(value, (number) => `${number.toFixed(2)}%`);
}

function pair(
  first: number | null,
  second: number | null,
  format: (value: number) => string,
): string {
  return `${shown(first, format)} / ${shown(second, format)}`;
}

function shown(value: number | null, format: (value: number) => string): string {
  return value === null ? "--" : format(value);
}
