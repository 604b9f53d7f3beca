import { setTimeout as sleep } from "node:timers/promises";
import { loadKoffi } from "./koffi.ts";

/** Long enough for a deviation of some 20 in a million, and shorter than the counter's low half needs to go round. */
const apartMs = 50;
const longestMs = 500;
const tries = 5;

let measured: Promise<number | undefined> | undefined;

/**
 * Cycles of this host's time stamp counter in a millisecond, measured once in this process. Undefined where it can't be
 * read: it takes the OpenSSL that Node.js has in it.
 */
export async function tscKHz(): Promise<number | undefined> {
  measured ??= measure();
  return await measured;
}

async function measure(): Promise<number | undefined> {
  const read = counter();
  if (read === undefined) return undefined;
  for (let attempt = 0; attempt < tries; attempt++) {
    const start = sample(read);
    await sleep(apartMs);
    const end = sample(read);
    const nanoseconds = Number(end.at - start.at);
    if (nanoseconds > longestMs * 1_000_000) continue;
    const cycles = (end.cycles - start.cycles) >>> 0;
    return Math.round((cycles / nanoseconds) * 1_000_000);
  }
  return undefined;
}

/** The counter's low half; undefined where there is none. */
function counter(): (() => number) | undefined {
  if (process.arch !== "x64") return undefined;
  try {
    const call: unknown = loadKoffi().load(null).func("uint32_t OPENSSL_rdtsc()");
    return typeof call === "function" ? () => Number(call()) : undefined;
  } catch {
    return undefined;
  }
}

/** Of several readings the one between whose clocks the least time passed, so that no pause of this process is in it. */
function sample(read: () => number): { at: bigint; cycles: number } {
  let best: { at: bigint; cycles: number; width: bigint } | undefined;
  for (let reading = 0; reading < 8; reading++) {
    const before = process.hrtime.bigint();
    const cycles = read();
    const width = process.hrtime.bigint() - before;
    if (best === undefined || width < best.width) best = { at: before + width / 2n, cycles, width };
  }
  if (best === undefined) throw new Error("no reading was taken");
  return best;
}
