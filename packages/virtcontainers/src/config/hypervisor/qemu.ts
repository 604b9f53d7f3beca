import * as v from "valibot";
import { absolutePath, flag, integer, text } from "../../validate.ts";

/** What may be said of QEMU beside what every driver knows. */
export const qemuFields = {
  /** How often memory can be added while the VM runs, 128 MiB or more at a time; default 8. Not needed with virtioMem. */
  memSlots: v.optional(integer(0, 255)),
  /** Further room of addresses for memory that devices bring. */
  memOffsetMiB: v.optional(integer(0, 4_194_304, "MiB")),
  defaultBridges: v.optional(integer(0, 5)),
  machineAccelerators: v.optional(text(256)),
  cpuFeatures: v.optional(text(1024)),
  hypervisorMachineType: v.optional(
    v.picklist(
      ["pc", "q35", "microvm", "virt", "pseries", "s390-ccw-virtio"],
      "it must be pc, q35, microvm, virt, pseries or s390-ccw-virtio",
    ),
  ),
  /** auto (default) takes KVM where it is usable. */
  accelerator: v.optional(v.picklist(["auto", "kvm", "tcg"], "it must be auto, kvm or tcg")),
  entropySource: v.optional(absolutePath()),
  fileBackedMemRootDir: v.optional(absolutePath()),
  blockDeviceCacheSet: flag,
  blockDeviceCacheDirect: flag,
  blockDeviceCacheNoflush: flag,
  enableIOThreads: flag,
  memPrealloc: flag,
  hugePages: flag,
  /** The guest's memory is locked: the host never swaps it out. */
  mlock: flag,
  /** auto takes KVM wherever its device opens, even if the CPU shows no hardware virtualisation. */
  disableNestingChecks: flag,
  disableImageNvdimm: flag,
  pcieRootPort: v.optional(integer(0, 16)),
  /**
   * The DAX window of virtio-fs: host pages that the guest maps instead of copying; 0 (default): none. It needs a
   * QEMU whose vhost-user-fs device has `cache-size`, which upstream's has not, and a daemon that serves it.
   */
  virtioFSCacheSizeMiB: v.optional(integer(0, 4_194_304, "MiB")),
  /**
   * The program `vhost-device-vsock`: with useVSock it serves vsock as an ordinary process, on hosts whose kernel
   * has no /dev/vhost-vsock and for users who may not open it.
   */
  vsockDaemon: v.optional(absolutePath()),
  /** The VM's virtio devices are behind its IOMMU; not with virtio-fs. */
  iommuPlatform: flag,
  /** Locks memory as mlock does, unless that is false; with KVM, CPUs that have nothing to do stay in the guest. */
  realtime: flag,
};
