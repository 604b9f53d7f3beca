import { parseDuration } from "../../args/duration.ts";
import type { Context } from "../../context.ts";
import { formatter, hasHeader } from "../../listing/format.ts";
import { rowOf } from "../../listing/view.ts";
import { live } from "../../live/live.ts";
import type { Frame } from "../../live/screen.ts";
import { memory } from "../../output/human.ts";
import { json, jsonLine } from "../../output/json.ts";
import { table } from "../../output/table.ts";
import type { Measure } from "./measure.ts";
import type { StatsOptions } from "./options.ts";
import { Meter, type StatsRow } from "./rows.ts";
import { shown, statsView } from "./view.ts";

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
  const { format: asked = "" } = options;
  const format = formatter(asked, statsView);
  const meter = new Meter(measure);
  const drawn = stream && !asJson && context.stdout.isTTY;
  const pauseMs = drawn ? 0 : Math.min(firstPauseMs, intervalMs);
  await live(
    async (signal) => {
      const rows = await meter.read(pauseMs, signal);
      if (format !== undefined) return frameOf(format(rows), hasHeader(asked) ? 0 : -1);
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
  return frameOf(containers ? containerTable(rows) : sandboxTable(rows), 0);
}

function frameOf(text: string, header: number): Frame {
  const lines = text.trimEnd();
  return { lines: lines === "" ? [] : lines.split("\n"), header };
}

const shownOfContainers = ["CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"];

function containerTable(rows: readonly StatsRow[]): string {
  const fields = shownOfContainers.flatMap((name) => statsView[name] ?? []);
  return table(
    ["SANDBOX", "CONTAINER", ...fields.map(({ header }) => header)],
    rows.map((row) => [
      row.sandbox,
      row.container ?? "-",
      ...fields.map(({ of }) => String(of(row))),
    ]),
  );
}

/** What the host counts of a VM is its CPU time and memory. */
function sandboxTable(rows: readonly StatsRow[]): string {
  const cells = rows.map((row) => {
    const { CPUPerc } = rowOf(statsView, row);
    return [row.sandbox, String(CPUPerc), shown(row.memoryBytes, memory)];
  });
  return table(["SANDBOX", "CPU %", "MEM USAGE"], cells);
}
