import * as v from "valibot";
import { accelerators, machineTypes } from "../../config/hypervisor/qemu.ts";
import { parse } from "../../validate.ts";
import {
  type DriverConfig,
  type ResolvedHypervisorConfig,
  ResolvedHypervisorConfigSchema,
} from "../config.ts";
import type { VmSpec } from "../hypervisor.ts";

export type MachineType = (typeof machineTypes)[number];
export type Accelerator = (typeof accelerators)[number];

/** What QEMU gets when the configuration does not say; chosen by measuring, see docs/hypervisor.md. */
export const defaults = {
  machineType: "q35",
  memSlots: 8,
  defaultBridges: 1,
  pcieRootPorts: 0,
  disableImageNvdimm: true,
} as const;

/** The configuration of a VM of QEMU: what every driver knows, and its own. */
export const QemuConfig = v.object({
  ...ResolvedHypervisorConfigSchema.entries,
  machineType: v.picklist(machineTypes),
  accelerator: v.picklist(accelerators),
  memSlots: v.number(),
  memOffsetMiB: v.number(),
  defaultBridges: v.number(),
  pcieRootPorts: v.number(),
  machineAccelerators: v.optional(v.string()),
  cpuFeatures: v.optional(v.string()),
  blockDeviceCacheSet: v.boolean(),
  blockDeviceCacheDirect: v.boolean(),
  blockDeviceCacheNoflush: v.boolean(),
  enableIOThreads: v.boolean(),
  disableImageNvdimm: v.boolean(),
  memPrealloc: v.boolean(),
  hugePages: v.boolean(),
  mlock: v.boolean(),
  realtime: v.boolean(),
  iommuPlatform: v.boolean(),
  disableNestingChecks: v.boolean(),
  fileBackedMemRootDir: v.optional(v.string()),
  entropySource: v.string(),
  /** Serves vsock in the kernel's place. */
  vsockDaemon: v.optional(v.string()),
  /** The DAX window of virtio-fs; 0: none. */
  virtioFSCacheSizeMiB: v.number(),
});
export type QemuConfig = v.InferOutput<typeof QemuConfig>;

export type QemuSpec = VmSpec & { config: QemuConfig };

export const ownConfig: DriverConfig = {
  read: (kept) => v.parse(QemuConfig, kept),
  resolve: (config, common): QemuConfig => ({
    ...common,
    machineType: config.hypervisorMachineType ?? defaults.machineType,
    accelerator: config.accelerator ?? "auto",
    memSlots: config.memSlots ?? defaults.memSlots,
    memOffsetMiB: config.memOffsetMiB ?? 0,
    defaultBridges: config.defaultBridges ?? defaults.defaultBridges,
    pcieRootPorts: config.pcieRootPort ?? defaults.pcieRootPorts,
    machineAccelerators: config.machineAccelerators,
    cpuFeatures: config.cpuFeatures,
    blockDeviceCacheSet: config.blockDeviceCacheSet ?? false,
    blockDeviceCacheDirect: config.blockDeviceCacheDirect ?? false,
    blockDeviceCacheNoflush: config.blockDeviceCacheNoflush ?? false,
    enableIOThreads: config.enableIOThreads ?? false,
    disableImageNvdimm: config.disableImageNvdimm ?? defaults.disableImageNvdimm,
    memPrealloc: config.memPrealloc ?? false,
    hugePages: config.hugePages ?? false,
    mlock: config.mlock ?? config.realtime ?? false,
    realtime: config.realtime ?? false,
    iommuPlatform: config.iommuPlatform ?? false,
    disableNestingChecks: config.disableNestingChecks ?? false,
    fileBackedMemRootDir: config.fileBackedMemRootDir,
    vsockDaemon: config.vsockDaemon,
    entropySource: config.entropySource ?? "/dev/urandom",
    virtioFSCacheSizeMiB: config.virtioFSCacheSizeMiB ?? 0,
  }),
};

/** The same with QEMU's own fields, which the contract does not know, checked. */
export function withQemuConfig<T extends { config: ResolvedHypervisorConfig }>(
  spec: T,
): T & { config: QemuConfig } {
  return { ...spec, config: parse(QemuConfig, spec.config) };
}
