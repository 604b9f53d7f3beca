import * as v from "valibot";
import { absolutePath, argument, integer, later, text } from "../validate.ts";

const param = v.strictObject({
  key: v.pipe(text(256), v.regex(/^[^\s=,"]+$/, "it must have no space, comma, quote or =")),
  value: argument(4096),
});

const flag = v.optional(v.boolean("it must be true or false"));

/** The VM and how it is run; names as in the Go library, with units where it has none. */
export const HypervisorConfig = v.strictObject({
  /** vCPUs at start; default 1. */
  numVCPUs: v.optional(integer(1, 240, "vCPUs")),
  /** What a running VM can be grown to; default: the host's CPUs, but not more than 8. */
  defaultMaxVCPUs: v.optional(integer(1, 240, "vCPUs")),
  /** Default 256 MiB. */
  memoryMiB: v.optional(integer(64, 4_194_304, "MiB")),
  /** What a running VM can be grown to; default: the host's memory. */
  defaultMaxMemoryMiB: v.optional(integer(64, 4_194_304, "MiB")),
  /** How often memory can be added while the VM runs, 128 MiB or more at a time; default 8. Not needed with virtioMem. */
  memSlots: v.optional(integer(0, 255)),
  /** Further room of addresses for memory that devices bring. */
  memOffsetMiB: v.optional(integer(0, 4_194_304, "MiB")),
  /** Memory is added as virtio-mem, which can be taken back for good, instead of as modules. */
  virtioMem: flag,
  defaultBridges: v.optional(integer(0, 5)),
  kernelParams: v.optional(v.array(param)),
  hypervisorParams: v.optional(v.array(param)),
  kernelPath: v.optional(absolutePath()),
  /** The guest's root; not with initrdPath. */
  imagePath: v.optional(absolutePath()),
  initrdPath: v.optional(absolutePath()),
  firmwarePath: v.optional(absolutePath()),
  machineAccelerators: v.optional(text(256)),
  cpuFeatures: v.optional(text(1024)),
  hypervisorPath: v.optional(absolutePath()),
  blockDeviceDriver: v.optional(
    v.picklist(["virtio-blk", "virtio-scsi"], "it must be virtio-blk or virtio-scsi"),
  ),
  hypervisorMachineType: v.optional(
    v.picklist(
      ["pc", "q35", "microvm", "virt", "pseries", "s390-ccw-virtio"],
      "it must be pc, q35, microvm, virt, pseries or s390-ccw-virtio",
    ),
  ),
  /** auto (default) takes KVM where it is usable. */
  accelerator: v.optional(v.picklist(["auto", "kvm", "tcg"], "it must be auto, kvm or tcg")),
  entropySource: v.optional(absolutePath()),
  sharedFS: v.optional(
    v.picklist(["virtio-fs", "virtio-9p", "none"], "it must be virtio-fs, virtio-9p or none"),
  ),
  /** Bytes of one message of 9p; default 512,000. */
  msize9p: v.optional(integer(4096, 1_048_576, "bytes")),
  virtioFSDaemon: v.optional(absolutePath()),
  /** Where virtioFSDaemon may be; any other place is refused. */
  virtioFSDaemonList: v.optional(v.array(absolutePath())),
  virtioFSCache: v.optional(
    v.picklist(["auto", "always", "none"], "it must be auto, always or none"),
  ),
  virtioFSExtraArgs: v.optional(v.array(argument(1024))),
  fileBackedMemRootDir: v.optional(absolutePath()),
  blockDeviceCacheSet: flag,
  blockDeviceCacheDirect: flag,
  blockDeviceCacheNoflush: flag,
  enableIOThreads: flag,
  debug: flag,
  memPrealloc: flag,
  hugePages: flag,
  /** The guest's memory is locked: the host never swaps it out. */
  mlock: flag,
  /** auto takes KVM wherever its device opens, even if the CPU shows no hardware virtualisation. */
  disableNestingChecks: flag,
  disableImageNvdimm: flag,
  pcieRootPort: v.optional(integer(0, 16)),
  /** Host processes that can use the sandbox at once; default 8. */
  agentPorts: v.optional(integer(1, 28)),
  virtioFSCacheSizeMiB: later("the DAX window of virtio-fs, which QEMU does not have"),
  hypervisorPathList: later("annotations that change the hypervisor"),
  hypervisorCtlPathList: later("annotations that change the hypervisor"),
  jailerPathList: later("annotations that change the hypervisor"),
  fileBackedMemRootList: later("annotations that change the hypervisor"),
  vhostUserStorePathList: later("annotations that change the hypervisor"),
  enableAnnotations: later("annotations that change the hypervisor"),
  hypervisorCtlPath: later("ACRN"),
  jailerPath: later("Firecracker"),
  memoryPath: later("VM templates"),
  devicesStatePath: later("VM templates"),
  bootToBeTemplate: later("VM templates"),
  bootFromTemplate: later("VM templates"),
  vmId: later("VM templates"),
  /** No image as a root file system, since it would come as a block device. */
  disableBlockDeviceUse: flag,
  iommu: later("IOMMU"),
  iommuPlatform: later("IOMMU"),
  realtime: later(
    "QEMU has no such option any more; mlock keeps the guest's memory from being swapped out",
  ),
  useVSock: later("vsock"),
  hotplugVFIOOnRootBus: later("VFIO"),
  disableVhostNet: later("networking"),
  enableVhostUserStore: later("vhost-user storage"),
  vhostUserStorePath: later("vhost-user storage"),
  /** A folder of the guest with hooks in `prestart`, `poststart` and `poststop`, run for every container. */
  guestHookPath: v.optional(absolutePath()),
  seLinuxProcessLabel: later("SELinux"),
});
export type HypervisorConfig = v.InferInput<typeof HypervisorConfig>;
