import * as v from "valibot";
import {
  blockDeviceDrivers,
  type HypervisorConfig,
  type Param,
  sharedFileSystems,
} from "../config/hypervisor.ts";

const ParamSchema = v.object({ key: v.string(), value: v.string() });

/**
 * Of a HypervisorConfig what every driver knows, with every default filled in and every file looked up. Kept with the
 * VM that it was made for, beside the driver's own fields.
 */
export interface ResolvedHypervisorConfig {
  hypervisorPath?: string | undefined;
  kernelPath: string;
  initrdPath?: string | undefined;
  /** The guest's root image; `imageOffset` bytes of head stand before its file system. */
  imagePath?: string | undefined;
  imageOffset: number;
  imageFsType: string;
  firmwarePath?: string | undefined;
  numVCPUs: number;
  defaultMaxVCPUs: number;
  memoryMiB: number;
  defaultMaxMemoryMiB: number;
  virtioMem: boolean;
  kernelParams: readonly Param[];
  hypervisorParams: readonly Param[];
  blockDeviceDriver: (typeof blockDeviceDrivers)[number];
  iommu: boolean;
  useVSock: boolean;
  seLinuxProcessLabel?: string | undefined;
  sharedFS: (typeof sharedFileSystems)[number];
  /** Host processes that can talk to the agent at once, 1 to 28. */
  agentPorts: number;
  /** How large console and log may each become. */
  logLimitMiB: number;
  debug: boolean;
}

export const ResolvedHypervisorConfigSchema = v.object({
  hypervisorPath: v.optional(v.string()),
  kernelPath: v.string(),
  initrdPath: v.optional(v.string()),
  imagePath: v.optional(v.string()),
  imageOffset: v.number(),
  imageFsType: v.string(),
  firmwarePath: v.optional(v.string()),
  numVCPUs: v.number(),
  defaultMaxVCPUs: v.number(),
  memoryMiB: v.number(),
  defaultMaxMemoryMiB: v.number(),
  virtioMem: v.boolean(),
  kernelParams: v.pipe(v.array(ParamSchema), v.readonly()),
  hypervisorParams: v.pipe(v.array(ParamSchema), v.readonly()),
  blockDeviceDriver: v.picklist(blockDeviceDrivers),
  iommu: v.boolean(),
  useVSock: v.boolean(),
  seLinuxProcessLabel: v.optional(v.string()),
  sharedFS: v.picklist(sharedFileSystems),
  agentPorts: v.number(),
  logLimitMiB: v.number(),
  debug: v.boolean(),
});

/** A driver's own part of the configuration. */
export interface DriverConfig {
  /** Checks what was kept for a VM, the common fields and the driver's own; throws if it is damaged. */
  read(kept: unknown): ResolvedHypervisorConfig;
  /** Adds the driver's own fields to the common ones. */
  resolve(config: HypervisorConfig, common: ResolvedHypervisorConfig): ResolvedHypervisorConfig;
}
