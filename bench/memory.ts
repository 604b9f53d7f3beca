import { setTimeout as delay } from "node:timers/promises";
import { Sandbox } from "virtcontainers";
import { pssMiB } from "./pss.ts";
import { bootRaw } from "./raw-vm.ts";
import { type Figure, figure } from "./report.ts";
import { median } from "./stats.ts";
import { commandTimeoutMs, type Workplace } from "./workplace.ts";

/** How long both VMs are left alone before their memory is looked at. */
const idleMs = 2_000;

/**
 * PSS of an idle sandbox that has run a command, beside the raw VM's with the same command line, both up
 * at once so that they share pages alike. The sandbox has no other process on the host than its VMM.
 */
export async function memory(place: Workplace): Promise<{ figures: Figure[] }> {
  const { signal, folder, raw } = place;
  const runs = place.runs(3);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 1; run <= runs; run++) {
    place.progress(`memory ${run}/${runs}`);
    await using sandbox = await Sandbox.create({ signal });
    await sandbox.exec(["/bin/true"], { check: true, signal, timeoutMs: commandTimeoutMs });
    const { vmm } = await sandbox.status({ signal });
    if (vmm === undefined) throw new Error("a running sandbox has no VMM");
    const { vm } = await bootRaw(raw, folder, signal);
    await using _vm = vm;
    await delay(idleMs, undefined, { signal });
    ours.push(await pssMiB([vmm.pid]));
    theirs.push(await pssMiB([vm.pid]));
  }
  return { figures: [figure("memory", runs, median(ours), median(theirs), "MiB")] };
}
