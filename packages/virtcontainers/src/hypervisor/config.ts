/** A key and a value for the kernel's or the hypervisor's command line; an empty value is a bare key. */
export interface Param {
  key: string;
  value: string;
}

export type MachineType = "pc" | "q35" | "microvm" | "virt" | "pseries" | "s390-ccw-virtio";
export type Accelerator = "auto" | "kvm" | "tcg";

/** A HypervisorConfig with every default filled in and every file looked up. */
export interface ResolvedHypervisorConfig {
  machineType: MachineType;
  accelerator: Accelerator;
  hypervisorPath: string | undefined;
  kernelPath: string;
  initrdPath: string | undefined;
  /** The guest's root image; `imageOffset` bytes of head stand before its file system. */
  imagePath: string | undefined;
  imageOffset: number;
  imageFsType: string;
  firmwarePath: string | undefined;
  numVCPUs: number;
  defaultMaxVCPUs: number;
  memoryMiB: number;
  defaultMaxMemoryMiB: number;
  memSlots: number;
  memOffsetMiB: number;
  virtioMem: boolean;
  defaultBridges: number;
  pcieRootPorts: number;
  kernelParams: readonly Param[];
  hypervisorParams: readonly Param[];
  machineAccelerators: string | undefined;
  cpuFeatures: string | undefined;
  blockDeviceDriver: "virtio-blk" | "virtio-scsi";
  blockDeviceCacheSet: boolean;
  blockDeviceCacheDirect: boolean;
  blockDeviceCacheNoflush: boolean;
  enableIOThreads: boolean;
  disableImageNvdimm: boolean;
  memPrealloc: boolean;
  hugePages: boolean;
  mlock: boolean;
  realtime: boolean;
  iommu: boolean;
  iommuPlatform: boolean;
  useVSock: boolean;
  seLinuxProcessLabel: string | undefined;
  disableNestingChecks: boolean;
  fileBackedMemRootDir: string | undefined;
  entropySource: string;
  sharedFS: "virtio-fs" | "virtio-9p" | "none";
  /** The DAX window of virtio-fs; 0: none. */
  virtioFSCacheSizeMiB: number;
  /** Host processes that can talk to the agent at once, 1 to 28. */
  agentPorts: number;
  /** How large console and log may each become. */
  logLimitMiB: number;
  debug: boolean;
}
