import { safeLine } from "./safe.ts";

const gap = 3;

/** Columns under a header, padded with spaces to the widest cell; nothing trails. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((row) => row.map(safeLine))];
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, i) => cell.padEnd((widths[i] ?? 0) + gap))
          .join("")
          .trimEnd()}\n`,
    )
    .join("");
}
