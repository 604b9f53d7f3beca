import * as v from "valibot";
import { VirtError } from "../../../errors.ts";
import type { Qmp } from "../control.ts";

const Slots = v.array(
  v.object({
    type: v.string(),
    props: v.record(v.string(), v.union([v.number(), v.string()])),
    /** There only if a CPU is in the slot. */
    "qom-path": v.optional(v.string()),
  }),
);
const Threads = v.array(v.object({ "thread-id": v.pipe(v.number(), v.integer(), v.minValue(1)) }));

/**
 * Plugs CPUs until the VM has `count` and gives how many it has then; the guest still has to bring them
 * online. None is unplugged: QEMU 7.2 does not survive the next hotplug of memory or a disk after that.
 */
export async function plugCpus(qmp: Qmp, count: number, signal: AbortSignal): Promise<number> {
  const slots = v.safeParse(Slots, await qmp.execute("query-hotpluggable-cpus", {}, signal));
  if (!slots.success) throw new VirtError("HYPERVISOR_FAILED", "QEMU's list of CPUs is not one");
  if (count > slots.output.length) {
    throw new VirtError(
      "NOT_SUPPORTED",
      `the VM can't have ${count} CPUs: it was started for at most ${slots.output.length}`,
      {
        field: "cpus",
        hint: "Start the sandbox with a larger hypervisorConfig.defaultMaxVCPUs.",
      },
    );
  }
  // QEMU lists the last slot first.
  const free = slots.output.filter((slot) => slot["qom-path"] === undefined).reverse();
  let present = slots.output.length - free.length;
  for (const { type, props } of free.slice(0, Math.max(0, count - present))) {
    await qmp.execute("device_add", { driver: type, id: `cpu${present}`, ...props }, signal);
    present++;
  }
  return present;
}

/** The ids of the host's threads that run the guest's CPUs. */
export async function cpuThreads(qmp: Qmp, signal: AbortSignal): Promise<number[]> {
  const threads = v.safeParse(Threads, await qmp.execute("query-cpus-fast", {}, signal));
  if (threads.success) return threads.output.map((cpu) => cpu["thread-id"]);
  throw new VirtError("HYPERVISOR_FAILED", "QEMU's list of CPUs is not one");
}
