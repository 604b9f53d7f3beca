import { VirtError } from "../../errors.ts";
import type { ResolvedHypervisorConfig } from "../config.ts";
import type { Qmp } from "./control.ts";
import { freeDeviceSlot } from "./hotplug.ts";
import { balloonDevice, memoryInfo } from "./memory-info.ts";
import { untilMoved } from "./moved.ts";

/** Makes the guest hold back memory until it uses only so many bytes. The balloon is plugged in when first needed. */
export async function moveBalloon(
  qmp: Qmp,
  usable: number,
  config: ResolvedHypervisorConfig,
  signal: AbortSignal,
): Promise<void> {
  const info = await memoryInfo(qmp, signal);
  if (!info.hasBalloon) await plugBalloon(qmp, config, signal);
  await untilMoved(qmp, {
    event: "BALLOON_CHANGE",
    from: info.usable,
    to: usable,
    request: async (value) => void (await qmp.execute("balloon", { value }, signal)),
    signal,
  });
}

async function plugBalloon(
  qmp: Qmp,
  config: ResolvedHypervisorConfig,
  signal: AbortSignal,
): Promise<void> {
  const slot = await freeDeviceSlot(qmp, config, signal);
  if (slot === undefined) {
    throw new VirtError(
      "NOT_SUPPORTED",
      "the VM has no free place for the device that shrinks it",
      {
        field: "memoryMiB",
        hint: "Start the sandbox with hypervisorConfig.defaultBridges or virtioMem.",
      },
    );
  }
  const driver = "virtio-balloon-pci";
  const id = `${slot.name}.${balloonDevice}`;
  await qmp.execute("device_add", { driver, id, ...slot.place, "disable-legacy": "on" }, signal);
}
