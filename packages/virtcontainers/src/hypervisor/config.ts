import * as v from "valibot";
import {
  blockDeviceDrivers,
  type HypervisorConfig,
  sharedFileSystems,
} from "../config/hypervisor.ts";

const Param = v.object({ key: v.string(), value: v.string() });

/**
 * Of a HypervisorConfig what every driver knows, with every default filled in and every file looked up. Kept with the
 * VM that it was made for, beside the driver's own fields.
 */
export const ResolvedHypervisorConfig = v.object({
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
  virtioMem: v.boolean(),
  kernelParams: v.pipe(v.array(Param), v.readonly()),
  hypervisorParams: v.pipe(v.array(Param), v.readonly()),
  blockDeviceDriver: v.picklist(blockDeviceDrivers),
  iommu: v.boolean(),
  useVSock: v.boolean(),
  seLinuxProcessLabel: v.optional(v.string()),
  sharedFS: v.picklist(sharedFileSystems),
  /** Host processes that can talk to the agent at once, 1 to 28. */
  agentPorts: v.number(),
  /** How large console and log may each become. */
  logLimitMiB: v.number(),
  debug: v.boolean(),
});
export type ResolvedHypervisorConfig = v.InferOutput<typeof ResolvedHypervisorConfig>;

/** A driver's own part of the configuration. */
export interface DriverConfig {
  /** All that is kept for a VM: the common fields and the driver's own. */
  readonly schema: v.GenericSchema<unknown, ResolvedHypervisorConfig>;
  /** Adds the driver's own fields to the common ones. */
  resolve(config: HypervisorConfig, common: ResolvedHypervisorConfig): ResolvedHypervisorConfig;
}
