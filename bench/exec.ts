import { Sandbox } from "virtcontainers";
import { openAgentOf } from "./agent.ts";
import { RawGuest } from "./raw-guest.ts";
import { type Figure, figure, type Phases } from "./report.ts";
import { median } from "./stats.ts";
import { commandTimeoutMs, type Workplace } from "./workplace.ts";

/**
 * exec of /bin/true, beside one Check of the agent plus crun's own `exec` of it. The latter is timed in a
 * raw VM where a shell runs the same crun when a line comes over the port; a bare round trip with that
 * shell is taken off.
 */
export async function exec(place: Workplace): Promise<{ figures: Figure[]; phases: Phases[] }> {
  const { signal } = place;
  const runs = place.runs(40);
  place.progress(`exec, ${runs} times`);
  await using sandbox = await Sandbox.create({ signal });
  await using guest = await RawGuest.start(place.raw, place.folder, signal);
  const { agent, release } = await openAgentOf(sandbox.id, signal);
  const times = { exec: [], check: [], crun: [], echo: [] } as Record<string, number[]>;
  const time = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    const startedAt = performance.now();
    await run();
    times[name]?.push(performance.now() - startedAt);
  };
  const options = { check: true, signal, timeoutMs: commandTimeoutMs };
  await sandbox.exec(["/bin/true"], options);
  for (let run = 0; run < runs; run++) {
    await time("exec", async () => await sandbox.exec(["/bin/true"], options));
    await time("check", () => agent.check(limited(signal)));
    await time("crun", () => guest.exec());
    await time("echo", () => guest.echo());
  }
  await release();
  const of = (name: string): number => median(times[name] ?? []);
  const crun = of("crun") - of("echo");
  const rows = [
    { name: "exec of /bin/true", ms: of("exec") },
    { name: "Check round trip", ms: of("check") },
    { name: "crun exec in the guest", ms: crun },
  ];
  return {
    figures: [figure("exec", runs, of("exec"), of("check") + crun, "ms")],
    phases: [{ of: "exec", rows }],
  };
}

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(commandTimeoutMs)]);
}
