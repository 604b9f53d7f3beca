import { VirtError } from "../../../errors.ts";
import type { QemuConfig } from "../config.ts";
import type { Qmp } from "../control.ts";
import { freePciPlace } from "../hotplug.ts";
import { virtioDevice } from "../machine/virtio.ts";
import { balloonDevice, memoryInfo } from "./info.ts";
import { untilMoved } from "./wait-size.ts";

/** Makes the guest hold back memory until it uses only so many bytes. The balloon is plugged in when first needed. */
export async function moveBalloon(
  qmp: Qmp,
  usable: number,
  config: QemuConfig,
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

async function plugBalloon(qmp: Qmp, config: QemuConfig, signal: AbortSignal): Promise<void> {
  const place = await freePciPlace(qmp, config, signal);
  if (place === undefined) {
    throw new VirtError(
      "NOT_SUPPORTED",
      "the VM has no free place for the device that shrinks it",
      {
        field: "memoryMiB",
        hint: "Start the sandbox with hypervisorConfig.defaultBridges or virtioMem.",
      },
    );
  }
  const id = `${place.name}.${balloonDevice}`;
  const { iommu_platform: _, ...device } = virtioDevice(config, "virtio-balloon");
  await qmp.execute("device_add", { ...device, id, ...place.properties }, signal);
}
