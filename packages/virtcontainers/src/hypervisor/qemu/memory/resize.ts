import { VirtError } from "../../../errors.ts";
import { checkSpare } from "../../spare-memory.ts";
import type { QemuConfig } from "../config.ts";
import type { Qmp } from "../control.ts";
import { moveBalloon } from "./balloon.ts";
import { plugDimm } from "./dimm.ts";
import { type MemoryInfo, memoryInfo } from "./info.ts";
import { moveVirtioMem } from "./virtio-mem.ts";

export const mebibyte = 1024 * 1024;
/** Linux takes memory in pieces of this size. */
const blockMiB = 128;

/**
 * Gives the guest more or less memory while it runs. How much it has is QEMU's to say, not a record of ours,
 * so a resize that was cut off in the middle is simply gone on with. Gives what the guest has then.
 */
export async function resizeMemory(
  qmp: Qmp,
  { memoryMiB, spareMiB }: { memoryMiB: number; spareMiB?: number | undefined },
  config: QemuConfig,
  signal: AbortSignal,
): Promise<number> {
  const info = await memoryInfo(qmp, signal);
  const wanted = memoryMiB * mebibyte;
  if (wanted > info.usable) await grow(qmp, wanted, info, config, signal);
  checkSpare(info.usable / mebibyte, memoryMiB, spareMiB);
  if (wanted < info.usable) await shrink(qmp, wanted, info, config, signal);
  return Math.round((await memoryInfo(qmp, signal)).usable / mebibyte);
}

/** First what the balloon holds, then more of what can be taken back, then modules. */
async function grow(
  qmp: Qmp,
  wanted: number,
  info: MemoryInfo,
  config: QemuConfig,
  signal: AbortSignal,
): Promise<void> {
  if (wanted > info.total) checkRoom(wanted, info, config);
  if (info.usable < info.total) {
    await moveBalloon(qmp, Math.min(wanted, info.total), config, signal);
  }
  const missing = wanted - info.total;
  if (missing <= 0) return;
  if (info.virtioMem !== undefined) {
    return await moveVirtioMem(qmp, info.virtioMem, info.virtioMem.size + missing, signal);
  }
  const block = blockMiB * mebibyte;
  await plugDimm(qmp, info.dimms, Math.ceil(missing / block) * block, config, signal);
}

/** What can be taken back for good goes first; the balloon holds the rest. */
async function shrink(
  qmp: Qmp,
  wanted: number,
  info: MemoryInfo,
  config: QemuConfig,
  signal: AbortSignal,
): Promise<void> {
  const surplus = info.total - wanted;
  const returnable = Math.min(surplus, info.virtioMem?.size ?? 0);
  if (info.virtioMem !== undefined && returnable > 0) {
    await moveVirtioMem(qmp, info.virtioMem, info.virtioMem.size - returnable, signal);
  }
  if (surplus > returnable) await moveBalloon(qmp, wanted, config, signal);
}

function checkRoom(wanted: number, info: MemoryInfo, config: QemuConfig): void {
  const { defaultMaxMemoryMiB: mostMiB, memSlots } = config;
  const block = info.virtioMem?.block ?? blockMiB * mebibyte;
  const rounded = info.total + Math.ceil((wanted - info.total) / block) * block;
  const field = "memoryMiB";
  const asked = `the VM can't have ${Math.ceil(wanted / mebibyte)} MiB of memory`;
  if (rounded > mostMiB * mebibyte) {
    throw new VirtError("NOT_SUPPORTED", `${asked}: it was started for at most ${mostMiB} MiB`, {
      field,
      hint: "Memory grows in steps of 128 MiB up to hypervisorConfig.defaultMaxMemoryMiB; start the sandbox with a larger one.",
    });
  }
  if (info.virtioMem === undefined && info.dimms >= memSlots) {
    throw new VirtError("NOT_SUPPORTED", `${asked}: all ${memSlots} of its memory slots are used`, {
      field,
      hint: "Start the sandbox with more hypervisorConfig.memSlots, or with virtioMem.",
    });
  }
}
