import type { Qmp } from "../control.ts";
import type { MemoryInfo } from "./info.ts";
import { untilMoved } from "./wait-size.ts";

export const virtioMemDevice = "vmem0";

/** Asks the guest to use so much of the virtio-mem device, in bytes, and waits until it does. */
export async function moveVirtioMem(
  qmp: Qmp,
  device: NonNullable<MemoryInfo["virtioMem"]>,
  wanted: number,
  signal: AbortSignal,
): Promise<void> {
  const size = Math.min(device.max, Math.ceil(wanted / device.block) * device.block);
  const path = `/machine/peripheral/${virtioMemDevice}`;
  const request = async (value: number): Promise<void> => {
    await qmp.execute("qom-set", { path, property: "requested-size", value }, signal);
  };
  await untilMoved(qmp, {
    event: "MEMORY_DEVICE_SIZE_CHANGE",
    from: device.size,
    to: size,
    request,
    signal,
  });
}
