import { availableParallelism, totalmem } from "node:os";
import { kataAgentKernelParams } from "../agent/kernel-params.ts";
import type { KataAgentConfig } from "../config/agent.ts";
import type { HypervisorConfig } from "../config/hypervisor.ts";
import type { GuestAssets } from "../guest/assets.ts";
import type { ResolvedHypervisorConfig } from "../hypervisor/config.ts";
import { defaults } from "../hypervisor/defaults.ts";

/** What every driver knows of a caller's configuration, with the guest's files and every default filled in. */
export function resolveHypervisorConfig(
  config: HypervisorConfig,
  assets: GuestAssets | undefined,
  sandbox: {
    agentConfig: KataAgentConfig;
    shared: boolean;
    logLimitMiB: number | undefined;
  },
): ResolvedHypervisorConfig {
  const { agentConfig, shared } = sandbox;
  const ownKernel = config.kernelPath !== undefined;
  const ownImage = config.imagePath !== undefined;
  const numVCPUs = config.numVCPUs ?? 1;
  const memoryMiB = config.memoryMiB ?? defaults.memoryMiB;
  const logLimitMiB = sandbox.logLimitMiB ?? defaults.logLimitMiB;
  return {
    hypervisorPath: config.hypervisorPath,
    kernelPath: config.kernelPath ?? assets?.kernelPath ?? "",
    initrdPath: config.initrdPath ?? (ownKernel || ownImage ? undefined : assets?.initrdPath),
    imagePath: config.imagePath ?? assets?.imagePath,
    imageOffset: ownImage ? 0 : (assets?.imageOffset ?? 0),
    imageFsType: ownImage ? defaults.imageFsType : (assets?.imageFsType ?? defaults.imageFsType),
    firmwarePath: config.firmwarePath,
    numVCPUs,
    defaultMaxVCPUs: Math.max(config.defaultMaxVCPUs ?? mostCpus(), numVCPUs),
    memoryMiB,
    defaultMaxMemoryMiB: Math.max(config.defaultMaxMemoryMiB ?? hostMemoryMiB(), memoryMiB),
    virtioMem: config.virtioMem ?? false,
    kernelParams: [
      ...(ownKernel ? [] : (assets?.kernelArgs ?? []).map(param)),
      ...kataAgentKernelParams({ ...agentConfig, debug: agentConfig.debug || config.debug }),
      ...(config.kernelParams ?? []),
    ],
    hypervisorParams: config.hypervisorParams ?? [],
    blockDeviceDriver: config.blockDeviceDriver ?? "virtio-blk",
    iommu: config.iommu ?? false,
    useVSock: config.useVSock ?? agentConfig.useVSock ?? false,
    seLinuxProcessLabel: config.seLinuxProcessLabel,
    sharedFS: shared ? (config.sharedFS ?? "virtio-fs") : "none",
    agentPorts: config.agentPorts ?? defaults.agentPorts,
    logLimitMiB,
    debug: config.debug ?? false,
  };
}

/** Each CPU that a VM could have costs its guest a little memory, so not all of a large host. */
function mostCpus(): number {
  return Math.min(availableParallelism(), defaults.maxVCPUs);
}

function hostMemoryMiB(): number {
  return Math.floor(totalmem() / (1024 * 1024));
}

function param(text: string): { key: string; value: string } {
  const at = text.indexOf("=");
  return at < 0 ? { key: text, value: "" } : { key: text.slice(0, at), value: text.slice(at + 1) };
}
