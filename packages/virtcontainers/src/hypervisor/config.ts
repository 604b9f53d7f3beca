import * as v from "valibot";

/** A key and a value for the kernel's or the hypervisor's command line; an empty value is a bare key. */
const Param = v.object({
  key: v.string(),
  value: v.string(),
});
export type Param = v.InferOutput<typeof Param>;

const MachineType = v.picklist(["pc", "q35", "microvm", "virt", "pseries", "s390-ccw-virtio"]);
export type MachineType = v.InferOutput<typeof MachineType>;
const Accelerator = v.picklist(["auto", "kvm", "tcg"]);
export type Accelerator = v.InferOutput<typeof Accelerator>;

/** A HypervisorConfig with every default filled in and every file looked up; kept with the VM that it was made for. */
export const ResolvedHypervisorConfig = v.object({
  machineType: MachineType,
  accelerator: Accelerator,
  hypervisorPath: v.optional(v.string()),
  kernelPath: v.string(),
  initrdPath: v.optional(v.string()),
  /** The guest's root image; `imageOffset` bytes of head stand before its file system. */
  imagePath: v.optional(v.string()),
  imageOffset: v.number(),
  imageFsType: v.string(),
  firmwarePath: v.optional(v.string()),
  numVCPUs: v.number(),
  defaultMaxVCPUs: v.number(),
  memoryMiB: v.number(),
  defaultMaxMemoryMiB: v.number(),
  memSlots: v.number(),
  memOffsetMiB: v.number(),
  virtioMem: v.boolean(),
  defaultBridges: v.number(),
  pcieRootPorts: v.number(),
  kernelParams: v.pipe(v.array(Param), v.readonly()),
  hypervisorParams: v.pipe(v.array(Param), v.readonly()),
  machineAccelerators: v.optional(v.string()),
  cpuFeatures: v.optional(v.string()),
  blockDeviceDriver: v.picklist(["virtio-blk", "virtio-scsi"]),
  blockDeviceCacheSet: v.boolean(),
  blockDeviceCacheDirect: v.boolean(),
  blockDeviceCacheNoflush: v.boolean(),
  enableIOThreads: v.boolean(),
  disableImageNvdimm: v.boolean(),
  memPrealloc: v.boolean(),
  hugePages: v.boolean(),
  mlock: v.boolean(),
  realtime: v.boolean(),
  iommu: v.boolean(),
  iommuPlatform: v.boolean(),
  useVSock: v.boolean(),
  seLinuxProcessLabel: v.optional(v.string()),
  disableNestingChecks: v.boolean(),
  fileBackedMemRootDir: v.optional(v.string()),
  entropySource: v.string(),
  sharedFS: v.picklist(["virtio-fs", "virtio-9p", "none"]),
  /** The DAX window of virtio-fs; 0: none. */
  virtioFSCacheSizeMiB: v.number(),
  /** Host processes that can talk to the agent at once, 1 to 28. */
  agentPorts: v.number(),
  /** How large console and log may each become. */
  logLimitMiB: v.number(),
  debug: v.boolean(),
});
export type ResolvedHypervisorConfig = v.InferOutput<typeof ResolvedHypervisorConfig>;
