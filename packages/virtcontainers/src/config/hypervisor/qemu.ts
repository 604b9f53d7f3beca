import * as v from "valibot";
import { absolutePath, flag, integer, text } from "../../validate.ts";

/** The machines of QEMU that are known. */
export const machineTypes = ["pc", "q35", "microvm", "virt", "pseries", "s390-ccw-virtio"] as const;
/** What runs the guest's instructions. */
export const accelerators = ["auto", "kvm", "tcg"] as const;

/** What may be said of QEMU beside what every driver knows. */
export interface QemuFields {
  /** How often memory can be added while the VM runs, 128 MiB or more at a time: 0 to 255, default 8. Not needed with virtioMem. */
  memSlots?: number | undefined;
  /** Further room of addresses for memory that devices bring, up to 4 TiB; default 0. */
  memOffsetMiB?: number | undefined;
  /** PCI bridges, 0 to 5; default 1. */
  defaultBridges?: number | undefined;
  /** Further properties of `-machine`. */
  machineAccelerators?: string | undefined;
  /** Features of `-cpu`, such as `pmu=off`. */
  cpuFeatures?: string | undefined;
  /** The machine; default `q35`. */
  hypervisorMachineType?: (typeof machineTypes)[number] | undefined;
  /** auto (default) takes KVM where it is usable. */
  accelerator?: (typeof accelerators)[number] | undefined;
  /** Where the guest's random numbers come from; default /dev/urandom. */
  entropySource?: string | undefined;
  /** The guest's memory is a file in this folder. */
  fileBackedMemRootDir?: string | undefined;
  /** The two that follow hold; else QEMU's defaults do. Default false. */
  blockDeviceCacheSet?: boolean | undefined;
  /** Disks go past the host's cache. Default false. */
  blockDeviceCacheDirect?: boolean | undefined;
  /** What the guest flushes is not flushed on the host. Default false. */
  blockDeviceCacheNoflush?: boolean | undefined;
  /** A thread of its own for disks. Default false. */
  enableIOThreads?: boolean | undefined;
  /** The guest's memory is taken at start. Default false. */
  memPrealloc?: boolean | undefined;
  /** The guest's memory is of huge pages. Default false. */
  hugePages?: boolean | undefined;
  /** The guest's memory is locked: the host never swaps it out. Default: as `realtime`. */
  mlock?: boolean | undefined;
  /** auto takes KVM wherever its device opens, even if the CPU shows no hardware virtualisation. Default false. */
  disableNestingChecks?: boolean | undefined;
  /** The guest's root is a disk instead of an nvdimm. Default true. */
  disableImageNvdimm?: boolean | undefined;
  /** PCIe ports for devices that are plugged in, 0 to 16; default 0. */
  pcieRootPort?: number | undefined;
  /**
   * The DAX window of virtio-fs: host pages that the guest maps instead of copying; 0 (default): none. It needs a
   * QEMU whose vhost-user-fs device has `cache-size`, which upstream's has not, and a daemon that serves it.
   */
  virtioFSCacheSizeMiB?: number | undefined;
  /**
   * The program `vhost-device-vsock`, by its absolute path: with useVSock it serves vsock as an ordinary process, on hosts
   * whose kernel has no /dev/vhost-vsock and for users who may not open it.
   */
  vsockDaemon?: string | undefined;
  /** The VM's virtio devices are behind its IOMMU; not with virtio-fs. Default false. */
  iommuPlatform?: boolean | undefined;
  /** Locks memory as mlock does, unless that is false; with KVM, CPUs that have nothing to do stay in the guest. Default false. */
  realtime?: boolean | undefined;
}

export const qemuFields = {
  memSlots: v.optional(integer(0, 255)),
  memOffsetMiB: v.optional(integer(0, 4_194_304, "MiB")),
  defaultBridges: v.optional(integer(0, 5)),
  machineAccelerators: v.optional(text(256)),
  cpuFeatures: v.optional(text(1024)),
  hypervisorMachineType: v.optional(
    v.picklist(machineTypes, "it must be pc, q35, microvm, virt, pseries or s390-ccw-virtio"),
  ),
  accelerator: v.optional(v.picklist(accelerators, "it must be auto, kvm or tcg")),
  entropySource: v.optional(absolutePath()),
  fileBackedMemRootDir: v.optional(absolutePath()),
  blockDeviceCacheSet: flag,
  blockDeviceCacheDirect: flag,
  blockDeviceCacheNoflush: flag,
  enableIOThreads: flag,
  memPrealloc: flag,
  hugePages: flag,
  mlock: flag,
  disableNestingChecks: flag,
  disableImageNvdimm: flag,
  pcieRootPort: v.optional(integer(0, 16)),
  virtioFSCacheSizeMiB: v.optional(integer(0, 4_194_304, "MiB")),
  vsockDaemon: v.optional(absolutePath()),
  iommuPlatform: flag,
  realtime: flag,
};
