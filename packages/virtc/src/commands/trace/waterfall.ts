import type { Trace, TracePhase } from "virtcontainers";
import { safeLine } from "../../output/safe.ts";

const narrowest = 10;
const timeWidth = 12;

/** The phases of a create, one a line, each with a bar where in the whole it was; `columns` wide. */
export function waterfall(trace: Trace, columns: number): string {
  const failed = trace.phases.some((phase) => phase.error !== undefined);
  const title = `${trace.sandboxId}: ${failed ? "failed" : "created"} in ${ms(trace.durationMs)}`;
  const labels = trace.phases.map(label);
  const labelWidth = Math.max(0, ...labels.map((text) => text.length));
  const width = Math.max(narrowest, columns - labelWidth - timeWidth - 4);
  const lines = trace.phases.map((phase, at) => {
    const bar = barOf(phase, trace.durationMs, width);
    const time = ms(phase.durationMs).padStart(timeWidth);
    return `${labels[at]?.padEnd(labelWidth)} |${bar}|${time}`;
  });
  const errors = trace.phases.flatMap((phase) =>
    phase.error === undefined ? [] : [`${label(phase)} failed: ${safeLine(phase.error)}`],
  );
  return [`${title}, ${trace.startedAt}`, ...lines, ...errors].map((line) => `${line}\n`).join("");
}

function label({ name, containerId }: TracePhase): string {
  return safeLine(containerId === undefined ? name : `${name} ${containerId}`);
}

/** At least one mark, since a phase that took no time was there too. */
function barOf({ startMs, durationMs }: TracePhase, totalMs: number, width: number): string {
  const scale = totalMs > 0 ? width / totalMs : 0;
  const from = Math.min(width - 1, Math.max(0, Math.floor(startMs * scale)));
  const to = Math.min(width, Math.max(from + 1, Math.round((startMs + durationMs) * scale)));
  return `${" ".repeat(from)}${"#".repeat(to - from)}`.padEnd(width);
}

function ms(time: number): string {
  return `${time.toFixed(1)} ms`;
}
