import { setImmediate as nextTurn } from "node:timers/promises";
import { Random } from "./random.ts";
import type { Target } from "./target.ts";

export interface FuzzOptions {
  seed: string;
  seconds: number;
  /** This input alone. */
  only?: number;
  /** Processor time for which one input may keep the event loop from turning, in milliseconds; default 2,000. */
  mostBlockedMs?: number;
  /** Called before each input. */
  onInput?: (index: number) => void;
}

export interface Finding {
  index: number;
  what: string;
}

export interface FuzzResult {
  executions: number;
  /** How many inputs were taken for good; the others ended with an error that has a code. */
  accepted: number;
  findings: Finding[];
}

/** Time in which an input must have been read to its end; the machine may be busy. */
const mostMs = 60_000;
const mostMemoryMiB = 512;
const mostFindings = 20;

/** Feeds a target with inputs that follow from the seed and their number, and tells which went wrong. */
export async function fuzz(target: Target, options: FuzzOptions): Promise<FuzzResult> {
  await using fuzzed = await target.open();
  const findings: Finding[] = [];
  let index = options.only ?? 0;
  let accepted = 0;
  const find = (error: unknown): void => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (findings.length < mostFindings) findings.push({ index, what });
  };
  process.on("unhandledRejection", find);
  process.on("uncaughtException", find);
  process.on("warning", find);
  const watch = watchLoop(options.mostBlockedMs ?? 2_000, find);
  try {
    const end = performance.now() + options.seconds * 1000;
    for (; options.only === undefined ? performance.now() < end : index === options.only; index++) {
      options.onInput?.(index);
      const fed = fuzzed.feed(new Random(`${options.seed} ${index}`));
      const taken = await Promise.race([fed, watch.tooLong(mostMs)]).catch(find);
      if (taken) accepted += 1;
      // Timers and what was rejected unheard come before the next input.
      await nextTurn();
      checkMemory(find);
      if (findings.length >= mostFindings) break;
    }
  } finally {
    watch.stop();
    process.off("unhandledRejection", find);
    process.off("uncaughtException", find);
    process.off("warning", find);
  }
  return { executions: options.only === undefined ? index : 1, accepted, findings };
}

function watchLoop(mostBlockedMs: number, find: (error: unknown) => void) {
  let before = process.cpuUsage();
  const timer = setInterval(() => {
    const used = process.cpuUsage(before);
    before = process.cpuUsage();
    const ms = (used.user + used.system) / 1000;
    if (ms > mostBlockedMs)
      find(new Error(`the event loop was blocked for ${ms} ms of processor time`));
  }, 10);
  let limit: NodeJS.Timeout | undefined;
  return {
    tooLong(ms: number): Promise<never> {
      clearTimeout(limit);
      return new Promise((_resolve, reject) => {
        limit = setTimeout(() => reject(new Error(`not read to its end in ${ms} ms`)), ms);
      });
    },
    stop(): void {
      clearInterval(timer);
      clearTimeout(limit);
    },
  };
}

function checkMemory(find: (error: unknown) => void): void {
  if (usedMiB() <= mostMemoryMiB || global.gc === undefined) return;
  global.gc();
  const used = usedMiB();
  if (used > mostMemoryMiB) find(new Error(`${used} MiB of memory are in use`));
}

function usedMiB(): number {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
