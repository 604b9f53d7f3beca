import { Sandbox } from "virtcontainers";
import { PhaseTable, phasesOf } from "./phases.ts";
import { timeRawBoot } from "./raw-vm.ts";
import { type Figure, figure, type Phases } from "./report.ts";
import { median } from "./stats.ts";
import { commandTimeoutMs, type Workplace } from "./workplace.ts";

/** From nothing to the first byte of output, beside the boot of the same VM alone. */
export async function cold(place: Workplace): Promise<{ figures: Figure[]; phases: Phases[] }> {
  const { signal, folder, raw } = place;
  const runs = place.runs(7);
  const table = new PhaseTable();
  const created: number[] = [];
  const ran: number[] = [];
  const booted: number[] = [];
  for (let run = 1; run <= runs; run++) {
    place.progress(`cold ${run}/${runs}`);
    created.push(await createAndExec(signal, table));
    booted.push(await timeRawBoot(raw, folder, signal));
    ran.push(await runAsFirstProcess(place));
  }
  table.add("raw boot", median(booted));
  return {
    figures: [
      figure("cold", runs, median(created), median(booted), "ms"),
      figure("cold-run", runs, median(ran), median(booted), "ms"),
    ],
    phases: [table.result("cold")],
  };
}

/** Sandbox.create, then an exec in it: what a program does. */
async function createAndExec(signal: AbortSignal, table: PhaseTable): Promise<number> {
  const startedAt = performance.now();
  const [sandbox, events] = await phasesOf(() => Sandbox.create({ signal }));
  await using _sandbox = sandbox;
  const createdAt = performance.now();
  const command = sandbox.exec(["echo", "x"], { signal, timeoutMs: commandTimeoutMs });
  for await (const _chunk of command) break;
  const endedAt = performance.now();
  await command;
  for (const { phase, durationMs } of events) table.add(phase, durationMs);
  table.add("Sandbox.create", createdAt - startedAt);
  table.add("exec to first byte", endedAt - createdAt);
  return endedAt - startedAt;
}

/** runSandbox with the command as the container's first process: no exec at all. */
async function runAsFirstProcess({ library, signal }: Workplace): Promise<number> {
  const startedAt = performance.now();
  const containers = [{ id: "main", image: "busybox", cmd: { args: ["echo", "x"] } }];
  await using sandbox = await library.runSandbox({ containers }, { signal, deleteOnDispose: true });
  const { stdout } = await sandbox.ioStream("main", "main", { signal });
  for await (const _chunk of stdout) return performance.now() - startedAt;
  throw new Error("the container wrote nothing");
}
