import { Sandbox } from "virtcontainers";
import { RawGuest } from "./raw-guest.ts";
import { type Figure, figure } from "./report.ts";
import { median } from "./stats.ts";
import { commandTimeoutMs, type Workplace } from "./workplace.ts";

const mebibytes = 256;

/** A container's output as the caller reads it, beside zeros that a raw VM writes to the same kind of port. */
export async function stream(place: Workplace): Promise<{ figures: Figure[] }> {
  const { signal, folder } = place;
  const runs = place.runs(5);
  await using sandbox = await Sandbox.create({ signal });
  await using guest = await RawGuest.start(place.raw, folder, signal);
  const ours: number[] = [];
  const raw: number[] = [];
  for (let run = 0; run <= runs; run++) {
    place.progress(run === 0 ? "stream, warming up" : `stream ${run}/${runs}`);
    const oursMs = await readZeros(sandbox, signal);
    const rawMs = await guest.zeros(mebibytes);
    if (run === 0) continue;
    ours.push(rate(oursMs));
    raw.push(rate(rawMs));
  }
  return { figures: [figure("stream", runs, median(ours), median(raw), "MB/s")] };
}

async function readZeros(sandbox: Sandbox, signal: AbortSignal): Promise<number> {
  const argv = ["dd", "if=/dev/zero", "bs=1M", `count=${mebibytes}`];
  const startedAt = performance.now();
  const command = sandbox.exec(argv, { signal, timeoutMs: commandTimeoutMs });
  let bytes = 0;
  for await (const { stream: source, data } of command)
    if (source === "stdout") bytes += data.length;
  await command;
  const tookMs = performance.now() - startedAt;
  if (bytes === mebibytes * 1024 * 1024) return tookMs;
  throw new Error(`the container wrote ${bytes} bytes`);
}

/** Megabytes per second. */
function rate(ms: number): number {
  return (mebibytes * 1024 * 1024) / 1e6 / (ms / 1000);
}
