import type { HypervisorConfig } from "../../config/hypervisor.ts";
import type { Storage } from "../guest-storage.ts";

/** How the guest mounts the shared file system over virtiofs: mapped, where there is a window for it. */
export function virtiofsStorage(
  { virtioFSCacheSizeMiB = 0 }: Pick<HypervisorConfig, "virtioFSCacheSizeMiB">,
  where: Pick<Storage, "source" | "mountPoint">,
): Storage {
  const options = virtioFSCacheSizeMiB > 0 ? ["nodev", "dax"] : ["nodev"];
  return { driver: "virtio-fs", fstype: "virtiofs", options, ...where };
}
