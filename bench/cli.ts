import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { PhaseTable } from "./phases.ts";
import { timeRawBoot } from "./raw-vm.ts";
import { type Figure, figure, type Phases } from "./report.ts";
import { median } from "./stats.ts";
import type { Workplace } from "./workplace.ts";

const program = fileURLToPath(new URL("../packages/virtc/dist/main.js", import.meta.url));
const virtc = fileURLToPath(new URL("../packages/virtc/bin/virtc", import.meta.url));

/** From the start of `virtc run` to the first byte of output, beside the boot of the same VM alone. */
export async function cli(place: Workplace): Promise<{ figures: Figure[]; phases: Phases[] }> {
  await access(program).catch((cause: unknown) => {
    throw new Error(`${program} is missing: run npm run build`, { cause });
  });
  const { signal, folder, raw } = place;
  const runs = place.runs(7);
  const ours: number[] = [];
  const booted: number[] = [];
  await firstOutput({}, signal);
  for (let run = 1; run <= runs; run++) {
    place.progress(`cli ${run}/${runs}`);
    ours.push(await firstOutput({}, signal));
    booted.push(await timeRawBoot(raw, folder, signal));
  }
  return {
    figures: [figure("cli", runs, median(ours), median(booted), "ms")],
    phases: [await trace(place)],
  };
}

/** Milliseconds until the command writes; it ends before this returns. */
async function firstOutput(more: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  const args = ["run", "--rm", "busybox", "echo", "x"];
  // The launcher takes the first node of the path.
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const env = { ...process.env, PATH: path, ...more };
  const startedAt = performance.now();
  const child = spawn(virtc, args, { env, signal, stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  const [chunk] = await Promise.race([once(child.stdout, "data"), closed]);
  const tookMs = performance.now() - startedAt;
  const [code] = await closed;
  if (code === 0 && String(chunk).startsWith("x")) return tookMs;
  throw new Error(`virtc run ended with exit code ${code} and wrote ${chunk}`);
}

/** Loaded into virtc in a run of its own: keeps the phases in memory and writes them at the end. */
const recorder = `
import { channel } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";
const events = [];
channel("virtcontainers:phase").subscribe(({ phase, startMs, durationMs }) => {
  events.push({ phase, startMs, durationMs });
});
process.on("exit", () => writeFileSync(process.env.VIRTC_BENCH_TRACE, JSON.stringify(events)));
`;

const Events = v.array(
  v.object({ phase: v.string(), startMs: v.number(), durationMs: v.number() }),
);

async function trace({ folder, signal, runs }: Workplace): Promise<Phases> {
  const table = new PhaseTable();
  const path = join(folder, "cli-trace.json");
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(recorder)}`;
  for (let run = 0; run < runs(3); run++) {
    const firstByteMs = await firstOutput({ NODE_OPTIONS, VIRTC_BENCH_TRACE: path }, signal);
    const events = v.parse(Events, JSON.parse(await readFile(path, "utf8")));
    events.sort((a, b) => a.startMs - b.startMs);
    table.add("node and virtc load", events[0]?.startMs ?? 0);
    for (const { phase, durationMs } of events) table.add(phase, durationMs);
    table.add("start to first byte", firstByteMs);
  }
  return table.result("cli (runs of their own, with a recorder)");
}
