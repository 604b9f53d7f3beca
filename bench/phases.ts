import { channel } from "node:diagnostics_channel";
import { type PhaseEvent, phaseChannelName } from "virtcontainers";
import type { Phases } from "./report.ts";
import { median } from "./stats.ts";

/** Collects how long the phases of several runs took, and gives medians in the order in which they begin. */
export class PhaseTable {
  readonly #durations = new Map<string, number[]>();

  add(name: string, ms: number): void {
    const known = this.#durations.get(name);
    if (known === undefined) this.#durations.set(name, [ms]);
    else known.push(ms);
  }

  result(of: string): Phases {
    const rows = [...this.#durations].map(([name, values]) => ({ name, ms: median(values) }));
    return { of, rows };
  }
}

/** Runs something, and gives the library's phases that ended meanwhile, by their beginning. */
export async function phasesOf<T>(run: () => Promise<T>): Promise<[T, PhaseEvent[]]> {
  const events: PhaseEvent[] = [];
  const take = (message: unknown): void => {
    events.push(message as PhaseEvent);
  };
  const source = channel(phaseChannelName);
  source.subscribe(take);
  try {
    const result = await run();
    return [result, events.sort((a, b) => a.startMs - b.startMs)];
  } finally {
    source.unsubscribe(take);
  }
}
