import type { ProcessRow } from "../../../agent/agent.ts";
import type { PsLayout } from "./arguments.ts";
import type { Moment } from "./columns.ts";

/** The processes as ps prints them, a line each. */
export function psTable(
  rows: readonly ProcessRow[],
  { columns, heads }: PsLayout,
  moment: Moment,
): string {
  const lines = rows.map((row) => columns.map((column) => column.show(row, moment)));
  if (heads && columns.some(({ head }) => head !== "")) lines.unshift(columns.map((c) => c.head));
  const widths = columns.map((_, at) =>
    lines.reduce((width, line) => Math.max(width, line[at]?.length ?? 0), 0),
  );
  return lines
    .map((line) =>
      line
        .map((cell, at) => {
          const width = widths[at] ?? 0;
          return columns[at]?.right ? cell.padStart(width) : cell.padEnd(width);
        })
        .join(" ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}
