import { setTimeout } from "node:timers/promises";
import type { Measure, Measured } from "./measure.ts";
import { cpuPercent, type Sample } from "./sample.ts";

/** What is shown of a container or a VM; null where it does not run, or it can't be told. */
export interface StatsRow {
  sandbox: string;
  container?: string;
  /** Of one CPU. */
  cpuPercent: number | null;
  memoryBytes: number | null;
  memoryLimitBytes: number | null;
  memoryPercent: number | null;
  receivedBytes: number | null;
  sentBytes: number | null;
  readBytes: number | null;
  writtenBytes: number | null;
  pids: number | null;
}

/** Measures again and again: the use of CPU is that since the time before. */
export class Meter {
  readonly #measure: Measure;
  #before: ReadonlyMap<string, Sample> = new Map();

  constructor(measure: Measure) {
    this.#measure = measure;
  }

  /** The first time, it measures twice with `pauseMs` between, unless that is 0. */
  async read(pauseMs: number, signal: AbortSignal): Promise<StatsRow[]> {
    if (this.#before.size === 0 && pauseMs > 0) {
      this.#before = samplesOf(await this.#measure(signal));
      await setTimeout(pauseMs, undefined, { signal });
    }
    const measured = await this.#measure(signal);
    const rows = measured.map((one) => rowOf(one, this.#before.get(keyOf(one))));
    this.#before = samplesOf(measured);
    return rows;
  }
}

function samplesOf(measured: readonly Measured[]): Map<string, Sample> {
  return new Map(measured.flatMap((one) => (one.sample ? [[keyOf(one), one.sample]] : [])));
}

function keyOf({ sandbox, container = "" }: Measured): string {
  return `${sandbox}/${container}`;
}

function rowOf({ sandbox, container, sample }: Measured, before: Sample | undefined): StatsRow {
  const limit = sample?.memoryLimit;
  return {
    sandbox,
    ...(container !== undefined && { container }),
    cpuPercent: (sample && cpuPercent(before, sample)) ?? null,
    memoryBytes: sample?.memory ?? null,
    memoryLimitBytes: limit ?? null,
    memoryPercent: sample && limit ? (sample.memory / limit) * 100 : null,
    receivedBytes: sample?.received ?? null,
    sentBytes: sample?.sent ?? null,
    readBytes: sample?.read ?? null,
    writtenBytes: sample?.written ?? null,
    pids: sample?.pids ?? null,
  };
}
