/** One figure: ours beside the raw thing, measured in the same run. */
export interface Figure {
  name: string;
  /** Ours divided by the raw thing; for `memory` and `network`, `p50` minus `rawP50` is what counts. */
  ratio: number;
  /** How often each was measured. */
  n: number;
  p50: number;
  rawP50: number;
  unit: "ms" | "MB/s" | "MiB" | "sandboxes" | "req/s";
}

/** Where the time of a figure goes: medians, in ms. */
export interface Phases {
  of: string;
  rows: readonly { name: string; ms: number }[];
}

interface Goal {
  text: string;
  met: (figure: Figure) => boolean;
}

/** What this project promises; SPECIFICATION.md. */
const goals: Readonly<Record<string, Goal>> = {
  cold: { text: "ratio <= 1.5", met: ({ ratio }) => ratio <= 1.5 },
  cli: { text: "ratio <= 1.8", met: ({ ratio }) => ratio <= 1.8 },
  exec: { text: "ratio <= 2", met: ({ ratio }) => ratio <= 2 },
  stream: { text: "ratio >= 0.5", met: ({ ratio }) => ratio >= 0.5 },
  network: { text: "<= 15 ms over none", met: ({ p50, rawP50 }) => p50 - rawP50 <= 15 },
  "net-out": { text: "ratio >= 0.9", met: ({ ratio }) => ratio >= 0.9 },
  "net-in": { text: "ratio >= 0.9", met: ({ ratio }) => ratio >= 0.9 },
  "net-http": { text: "ratio >= 0.9", met: ({ ratio }) => ratio >= 0.9 },
  memory: { text: "<= 15 MB over raw", met: ({ p50, rawP50 }) => megabytes(p50 - rawP50) <= 15 },
};

export function figure(
  name: string,
  n: number,
  p50: number,
  rawP50: number,
  unit: Figure["unit"],
): Figure {
  return { name, ratio: p50 / rawP50, n, p50, rawP50, unit };
}

/** One JSON object, on one line. */
export function jsonLine({ name, ratio, n, p50, rawP50, unit }: Figure): string {
  const round = (value: number): number => Number(value.toFixed(3));
  return JSON.stringify({
    name,
    ratio: round(ratio),
    n,
    p50: round(p50),
    rawP50: round(rawP50),
    unit,
  });
}

/** One line for people. */
export function textLine(figure: Figure): string {
  const { name, ratio, n, p50, rawP50, unit } = figure;
  const ours = `${p50.toFixed(1)} ${unit}`.padStart(16);
  const raw = `raw ${rawP50.toFixed(1)} ${unit}`.padStart(20);
  const line = `${name.padEnd(9)}${ratio.toFixed(2).padStart(7)}${ours}${raw}   n=${n}`;
  const verdict = goalLine(figure);
  return verdict === undefined ? line : `${line}   ${verdict}`;
}

/** What the figure was to be, and whether it is; undefined where nothing is promised. */
export function goalLine(figure: Figure): string | undefined {
  const goal = goals[figure.name];
  if (goal === undefined) return undefined;
  return `goal ${goal.text}: ${goal.met(figure) ? "met" : "MISSED"}${overOf(figure)}`;
}

/** Where a difference is promised, that. */
function overOf({ name, p50, rawP50 }: Figure): string {
  const over = p50 - rawP50;
  if (name === "memory") return ` (${megabytes(over).toFixed(1)} MB over)`;
  return name === "network" ? ` (${over.toFixed(1)} ms over)` : "";
}

/** The phases of a figure, one a line. */
export function phaseLines({ of, rows }: Phases): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(
    ({ name, ms }) => `  ${name.padEnd(width)} ${ms.toFixed(1).padStart(9)} ms`,
  );
  return [`phases of ${of}, medians:`, ...lines].join("\n");
}

function megabytes(mebibytes: number): number {
  return (mebibytes * 1024 * 1024) / 1e6;
}
