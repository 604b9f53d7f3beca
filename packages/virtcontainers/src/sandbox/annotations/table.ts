import type { KataAgentConfig } from "../../config/agent.ts";
import type { HypervisorConfig, HypervisorConfigSchema } from "../../config/hypervisor.ts";
import type { SandboxConfig } from "../../config/sandbox.ts";
import { deserializeParams } from "../../hypervisor/params.ts";

/** What all annotations that concern the configuration begin with; the Kata runtime's. */
export const configPrefix = "io.katacontainers.config.";

/** Makes the value of a field from an annotation's; what it can't read is the field's schema to refuse. */
type Read = (text: string) => unknown;

/** Where the value of an annotation goes, and how it is read. */
export type Target = {
  read: Read;
  /** The value is added to what is there, instead of taking its place. */
  adds?: true;
} & (
  | {
      part: "hypervisorConfig";
      field: HypervisorField;
      /** The value is a path that must match one of these. */
      within?: ListField;
    }
  | { part: "agentConfig"; field: keyof KataAgentConfig }
  | { part: "sandbox"; field: keyof SandboxConfig }
);

/** Those that this release refuses, too: it says so by their names. */
type HypervisorField = keyof (typeof HypervisorConfigSchema)["entries"];

type ListField = Extract<keyof HypervisorConfig, `${string}List`>;

const words = new Map<string, boolean>([
  ...["1", "t", "T", "true", "TRUE", "True"].map((word) => [word, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((word) => [word, false] as const),
]);

const plain: Read = (text) => text;
const yesOrNo: Read = (text) => words.get(text) ?? text;
const whole: Read = (text) => (/^-?\d+$/.test(text) ? Number(text) : text);
const params: Read = (text) => deserializeParams(text.split(/\s+/));
const separated =
  (by: string): Read =>
  (text) =>
    text
      .split(by)
      .map((part) => part.trim())
      .filter((part) => part !== "");
const list: Read = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

function hypervisor(field: HypervisorField, read: Read, within?: ListField): Target {
  return { part: "hypervisorConfig", field, read, ...(within && { within }) };
}

function agent(field: keyof KataAgentConfig, read: Read): Target {
  return { part: "agentConfig", field, read };
}

function runtime(field: keyof SandboxConfig, read: Read): Target {
  return { part: "sandbox", field, read };
}

/** Every annotation that can change the configuration, by its name after the prefix. */
export const targets: ReadonlyMap<string, Target> = new Map<string, Target>([
  ["hypervisor.path", hypervisor("hypervisorPath", plain, "hypervisorPathList")],
  ["hypervisor.ctlpath", hypervisor("hypervisorCtlPath", plain, "hypervisorCtlPathList")],
  ["hypervisor.jailer_path", hypervisor("jailerPath", plain, "jailerPathList")],
  ["hypervisor.virtio_fs_daemon", hypervisor("virtioFSDaemon", plain, "virtioFSDaemonList")],
  [
    "hypervisor.file_mem_backend",
    hypervisor("fileBackedMemRootDir", plain, "fileBackedMemRootList"),
  ],
  [
    "hypervisor.vhost_user_store_path",
    hypervisor("vhostUserStorePath", plain, "vhostUserStorePathList"),
  ],
  ["hypervisor.kernel", hypervisor("kernelPath", plain)],
  ["hypervisor.image", hypervisor("imagePath", plain)],
  ["hypervisor.initrd", hypervisor("initrdPath", plain)],
  ["hypervisor.firmware", hypervisor("firmwarePath", plain)],
  ["hypervisor.kernel_params", { ...hypervisor("kernelParams", params), adds: true }],
  ["hypervisor.machine_type", hypervisor("hypervisorMachineType", plain)],
  ["hypervisor.machine_accelerators", hypervisor("machineAccelerators", plain)],
  ["hypervisor.cpu_features", hypervisor("cpuFeatures", plain)],
  ["hypervisor.default_vcpus", hypervisor("numVCPUs", whole)],
  ["hypervisor.default_max_vcpus", hypervisor("defaultMaxVCPUs", whole)],
  ["hypervisor.default_memory", hypervisor("memoryMiB", whole)],
  ["hypervisor.memory_slots", hypervisor("memSlots", whole)],
  ["hypervisor.memory_offset", hypervisor("memOffsetMiB", whole)],
  ["hypervisor.enable_virtio_mem", hypervisor("virtioMem", yesOrNo)],
  ["hypervisor.enable_mem_prealloc", hypervisor("memPrealloc", yesOrNo)],
  ["hypervisor.enable_hugepages", hypervisor("hugePages", yesOrNo)],
  ["hypervisor.pcie_root_port", hypervisor("pcieRootPort", whole)],
  ["hypervisor.hotplug_vfio_on_root_bus", hypervisor("hotplugVFIOOnRootBus", yesOrNo)],
  ["hypervisor.entropy_source", hypervisor("entropySource", plain)],
  ["hypervisor.shared_fs", hypervisor("sharedFS", plain)],
  ["hypervisor.msize_9p", hypervisor("msize9p", whole)],
  ["hypervisor.virtio_fs_cache", hypervisor("virtioFSCache", plain)],
  ["hypervisor.virtio_fs_cache_size", hypervisor("virtioFSCacheSizeMiB", whole)],
  ["hypervisor.virtio_fs_extra_args", hypervisor("virtioFSExtraArgs", list)],
  ["hypervisor.block_device_driver", hypervisor("blockDeviceDriver", plain)],
  ["hypervisor.block_device_cache_set", hypervisor("blockDeviceCacheSet", yesOrNo)],
  ["hypervisor.block_device_cache_direct", hypervisor("blockDeviceCacheDirect", yesOrNo)],
  ["hypervisor.block_device_cache_noflush", hypervisor("blockDeviceCacheNoflush", yesOrNo)],
  ["hypervisor.disable_block_device_use", hypervisor("disableBlockDeviceUse", yesOrNo)],
  ["hypervisor.enable_iothreads", hypervisor("enableIOThreads", yesOrNo)],
  ["hypervisor.enable_iommu", hypervisor("iommu", yesOrNo)],
  ["hypervisor.enable_iommu_platform", hypervisor("iommuPlatform", yesOrNo)],
  ["hypervisor.disable_image_nvdimm", hypervisor("disableImageNvdimm", yesOrNo)],
  ["hypervisor.disable_nesting_checks", hypervisor("disableNestingChecks", yesOrNo)],
  ["hypervisor.disable_vhost_net", hypervisor("disableVhostNet", yesOrNo)],
  ["hypervisor.enable_vhost_user_store", hypervisor("enableVhostUserStore", yesOrNo)],
  ["hypervisor.guest_hook_path", hypervisor("guestHookPath", plain)],
  ["hypervisor.use_vsock", hypervisor("useVSock", yesOrNo)],
  ["agent.enable_tracing", agent("trace", yesOrNo)],
  ["agent.trace_mode", agent("traceMode", plain)],
  ["agent.trace_type", agent("traceType", plain)],
  ["agent.container_pipe_size", agent("containerPipeSize", whole)],
  ["agent.kernel_modules", agent("kernelModules", separated(";"))],
  ["runtime.disable_guest_seccomp", runtime("disableGuestSeccomp", yesOrNo)],
  ["runtime.sandbox_cgroup_only", runtime("sandboxCgroupOnly", yesOrNo)],
  ["runtime.experimental", runtime("experimental", separated(","))],
]);
