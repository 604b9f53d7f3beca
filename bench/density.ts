import { pssMiB } from "./pss.ts";
import { bootRaw, type RawVm } from "./raw-vm.ts";
import { type Figure, figure } from "./report.ts";
import type { Workplace } from "./workplace.ts";

/** How many sandboxes, and how many raw VMs, are up when together they hold `limitMiB` of memory. */
export async function density(place: Workplace, limitMiB: number): Promise<{ figures: Figure[] }> {
  const sandboxes = await countSandboxes(place, limitMiB);
  const vms = await countVms(place, limitMiB);
  return { figures: [figure("density", 1, sandboxes, vms, "sandboxes")] };
}

async function countSandboxes(place: Workplace, limitMiB: number): Promise<number> {
  const { library, signal } = place;
  const ids: string[] = [];
  const pids: number[] = [];
  try {
    for (;;) {
      const containers = [{ id: "main", image: "busybox", waits: true }];
      const sandbox = await library.runSandbox({ containers }, { signal });
      ids.push(sandbox.id);
      const { vmm } = await sandbox.status({ signal });
      await sandbox.release();
      if (vmm === undefined) throw new Error("a running sandbox has no VMM");
      pids.push(vmm.pid);
      const used = await pssMiB(pids);
      place.progress(`density: ${ids.length} sandboxes, ${used.toFixed(0)} of ${limitMiB} MiB`);
      if (used >= limitMiB) return ids.length - 1;
    }
  } finally {
    for (const id of ids) await library.deleteSandbox(id, { force: true });
  }
}

async function countVms(place: Workplace, limitMiB: number): Promise<number> {
  const { raw, folder, signal } = place;
  const vms: RawVm[] = [];
  try {
    for (;;) {
      vms.push((await bootRaw(raw, folder, signal)).vm);
      const used = await pssMiB(vms.map(({ pid }) => pid));
      place.progress(`density: ${vms.length} raw VMs, ${used.toFixed(0)} of ${limitMiB} MiB`);
      if (used >= limitMiB) return vms.length - 1;
    }
  } finally {
    for (const vm of vms) await vm[Symbol.asyncDispose]();
  }
}
