import * as v from "valibot";
import { absolutePath, argument, integer, later, text } from "../validate.ts";
import { namePattern, paths } from "./patterns.ts";

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
  /** Where virtioFSDaemon may be, as patterns; any other place is refused. */
  virtioFSDaemonList: paths,
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
  /**
   * The DAX window of virtio-fs: host pages that the guest maps instead of copying; 0 (default): none. It needs a
   * QEMU whose vhost-user-fs device has `cache-size`, which upstream's has not, and a daemon that serves it.
   */
  virtioFSCacheSizeMiB: v.optional(integer(0, 4_194_304, "MiB")),
  /** Annotations of the sandbox that may change its configuration, as regular expressions of whole names. */
  enableAnnotations: v.optional(v.array(namePattern)),
  /** Where the annotation of a path may point to, as patterns; without a list nowhere. */
  hypervisorPathList: paths,
  hypervisorCtlPathList: paths,
  jailerPathList: paths,
  fileBackedMemRootList: paths,
  vhostUserStorePathList: paths,
  hypervisorCtlPath: later("ACRN"),
  jailerPath: later("Firecracker"),
  memoryPath: later("VM templates"),
  devicesStatePath: later("VM templates"),
  bootToBeTemplate: later("VM templates"),
  bootFromTemplate: later("VM templates"),
  vmId: later("VM templates"),
  /** No image as a root file system, since it would come as a block device. */
  disableBlockDeviceUse: flag,
  /** The VM has an IOMMU, which its kernel uses. Only q35. */
  iommu: flag,
  /** The VM's virtio devices are behind its IOMMU; not with virtio-fs. */
  iommuPlatform: flag,
  /** Locks memory as mlock does, unless that is false; with KVM, CPUs that have nothing to do stay in the guest. */
  realtime: flag,
  /** The agent is reached over vsock instead of virtio-serial. */
  useVSock: flag,
  hotplugVFIOOnRootBus: later("VFIO"),
  disableVhostNet: later("networking"),
  enableVhostUserStore: later("vhost-user storage"),
  vhostUserStorePath: later("vhost-user storage"),
  /** A folder of the guest with hooks in `prestart`, `poststart` and `poststop`, run for every container. */
  guestHookPath: v.optional(absolutePath()),
  /** The context of SELinux that the VMM and virtiofsd run in. */
  seLinuxProcessLabel: v.optional(
    v.pipe(
      text(4096),
      v.regex(
        /^\w[\w.-]*(:\w[\w.-]*){2}(:[\w.,:-]+)?$/,
        "it must be a context as in system_u:system_r:svirt_t:s0:c1,c2",
      ),
    ),
  ),
});
export type HypervisorConfig = v.InferInput<typeof HypervisorConfig>;
