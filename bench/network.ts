import { Sandbox } from "virtcontainers";
import { assertOwnNamespace } from "./own-namespace.ts";
import { PhaseTable, phasesOf } from "./phases.ts";
import { RawNetwork } from "./raw-network.ts";
import { type Figure, figure, type Phases } from "./report.ts";
import { median } from "./stats.ts";
import { commandTimeoutMs, type Workplace } from "./workplace.ts";

/** What the default network adds to `cold`, beside the plugins and tools that make one, run by hand one after the other. */
export async function network(place: Workplace): Promise<{ figures: Figure[]; phases: Phases[] }> {
  assertOwnNamespace("network");
  const { signal } = place;
  const runs = place.runs(9);
  const table = new PhaseTable();
  const times: Record<"none" | "bridge", number[]> = { none: [], bridge: [] };
  // The bridge is there when others are in the network already.
  await using _other = await Sandbox.create({ network: "bridge", signal });
  await using raw = await RawNetwork.open(place.folder);
  for (let run = 1; run <= runs; run++) {
    place.progress(`network ${run}/${runs}`);
    times.none.push(await timeCold("none", signal, new PhaseTable()));
    times.bridge.push(await timeCold("bridge", signal, table));
    for (const [name, ms] of Object.entries(await raw.make())) table.add(`raw ${name}`, ms);
  }
  return {
    figures: [figure("network", runs, median(times.bridge), median(times.none), "ms")],
    phases: [table.result("network")],
  };
}

/** As `cold`: Sandbox.create, then an exec in it to its first byte. */
async function timeCold(name: string, signal: AbortSignal, table: PhaseTable): Promise<number> {
  const startedAt = performance.now();
  const [sandbox, events] = await phasesOf(() => Sandbox.create({ network: name, signal }));
  await using _sandbox = sandbox;
  const command = sandbox.exec(["echo", "x"], { signal, timeoutMs: commandTimeoutMs });
  for await (const _chunk of command) break;
  const tookMs = performance.now() - startedAt;
  await command;
  for (const { phase, durationMs } of events) table.add(phase, durationMs);
  return tookMs;
}
