import { VirtError } from "../../../errors.ts";
import type { QemuConfig } from "../config.ts";
import type { Binaries } from "../machine/binary.ts";
import { virtioDevice } from "../machine/virtio.ts";

const field = "hypervisorConfig.virtioFSCacheSizeMiB";

/** Refuses a DAX window where this QEMU's vhost-user-fs device can't have one; upstream's can't. */
export async function checkDaxWindow(
  config: QemuConfig,
  binaries: Binaries,
  signal: AbortSignal,
): Promise<void> {
  if (config.virtioFSCacheSizeMiB === 0 || config.sharedFS !== "virtio-fs") return;
  const path = await binaries.find(config);
  const known = await binaries.properties(
    path,
    virtioDevice(config, "vhost-user-fs").driver,
    signal,
  );
  if (known.has("cache-size")) return;
  throw new VirtError(
    "NOT_SUPPORTED",
    `${field}: ${config.virtioFSCacheSizeMiB} can't be honoured: the vhost-user-fs device of ${path} has no cache-size`,
    {
      field,
      hint: "Leave it out or give 0, or set hypervisorPath to a QEMU that has the DAX window of virtio-fs.",
    },
  );
}
