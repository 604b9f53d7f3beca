import * as v from "valibot";
import { VirtError } from "../../../errors.ts";
import type { Qmp } from "../control.ts";

const bytes = v.pipe(v.number(), v.integer(), v.minValue(0));
const Summary = v.object({ "base-memory": bytes, "plugged-memory": v.optional(bytes, 0) });
const Device = v.variant("type", [
  v.object({ type: v.literal("dimm"), data: v.object({ id: v.optional(v.string(), "") }) }),
  v.object({
    type: v.literal("virtio-mem"),
    data: v.object({
      size: bytes,
      "max-size": bytes,
      "block-size": v.pipe(bytes, v.minValue(1)),
    }),
  }),
]);
const Balloon = v.object({ actual: bytes });

/** The guest's memory as QEMU tells it, in bytes. */
export interface MemoryInfo {
  /** What is there: at start and plugged in, whether or not the guest has lent a part of it back. */
  total: number;
  /** Pluggable modules; each takes a slot. */
  dimms: number;
  virtioMem: { size: number; max: number; block: number } | undefined;
  /** The total without what the balloon holds; the total if there is none. */
  usable: number;
  hasBalloon: boolean;
}

export const balloonDevice = "balloon";

export async function memoryInfo(qmp: Qmp, signal: AbortSignal): Promise<MemoryInfo> {
  const summary = await ask(qmp, "query-memory-size-summary", Summary, signal);
  const devices = await ask(qmp, "query-memory-devices", v.array(v.unknown()), signal);
  const total = summary["base-memory"] + summary["plugged-memory"];
  let dimms = 0;
  let virtioMem: MemoryInfo["virtioMem"];
  for (const item of devices) {
    // Of further kinds, such as the root image, nothing needs to be known.
    const device = v.safeParse(Device, item);
    if (!device.success) continue;
    if (device.output.type === "dimm") dimms++;
    else {
      const { size, "max-size": max, "block-size": block } = device.output.data;
      virtioMem = { size, max, block };
    }
  }
  const hasBalloon = await isThere(qmp, "/machine/peripheral", balloonDevice, signal);
  const usable = hasBalloon ? (await ask(qmp, "query-balloon", Balloon, signal)).actual : total;
  return { total, dimms, virtioMem, usable, hasBalloon };
}

const Children = v.array(v.object({ name: v.string() }));

/** True if the folder of QEMU's object tree has this object, or the device of this name in some slot. */
export async function isThere(
  qmp: Qmp,
  path: string,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = v.safeParse(Children, await qmp.execute("qom-list", { path }, signal));
  if (!answer.success)
    throw new VirtError("HYPERVISOR_FAILED", "QEMU's list of objects is not one");
  return answer.output.some((child) => child.name === name || child.name.endsWith(`.${name}`));
}

async function ask<const S extends v.GenericSchema>(
  qmp: Qmp,
  command: string,
  schema: S,
  signal: AbortSignal,
): Promise<v.InferOutput<S>> {
  const answer = v.safeParse(schema, await qmp.execute(command, {}, signal));
  if (answer.success) return answer.output;
  throw new VirtError("HYPERVISOR_FAILED", `QEMU's answer to ${command} is not one`);
}
