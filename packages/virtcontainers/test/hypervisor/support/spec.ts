import type { QemuConfig, QemuSpec } from "../../../src/hypervisor/qemu/config.ts";

/** A plain configuration with the given differences. */
export function config(more: Partial<QemuConfig> = {}): QemuConfig {
  return {
    machineType: "q35",
    accelerator: "tcg",
    hypervisorPath: undefined,
    kernelPath: "/guest/vmlinux",
    initrdPath: undefined,
    imagePath: "/guest/root.img",
    imageOffset: 2_097_152,
    imageFsType: "erofs",
    firmwarePath: undefined,
    numVCPUs: 1,
    defaultMaxVCPUs: 1,
    memoryMiB: 256,
    defaultMaxMemoryMiB: 256,
    memSlots: 0,
    memOffsetMiB: 0,
    virtioMem: false,
    defaultBridges: 1,
    pcieRootPorts: 0,
    kernelParams: [],
    hypervisorParams: [],
    machineAccelerators: undefined,
    cpuFeatures: undefined,
    blockDeviceDriver: "virtio-blk",
    blockDeviceCacheSet: false,
    blockDeviceCacheDirect: false,
    blockDeviceCacheNoflush: false,
    enableIOThreads: false,
    disableImageNvdimm: true,
    memPrealloc: false,
    hugePages: false,
    mlock: false,
    realtime: false,
    iommu: false,
    iommuPlatform: false,
    useVSock: false,
    seLinuxProcessLabel: undefined,
    disableNestingChecks: false,
    fileBackedMemRootDir: undefined,
    entropySource: "/dev/urandom",
    virtioFSCacheSizeMiB: 0,
    sharedFS: "none",
    agentPorts: 1,
    logLimitMiB: 256,
    debug: false,
    ...more,
  };
}

export function spec(more: Partial<QemuSpec> = {}): QemuSpec {
  return {
    sandboxId: "sb",
    marker: "00000000-0000-4000-8000-000000000001",
    config: config(),
    folder: "/state/sb/vm",
    user: undefined,
    devices: [],
    ...more,
  };
}
