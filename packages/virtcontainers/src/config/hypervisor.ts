import * as v from "valibot";
import { absolutePath, argument, flag, integer, later, text } from "../validate.ts";
import { type QemuFields, qemuFields } from "./hypervisor/qemu.ts";
import { namePattern, paths } from "./patterns.ts";

/** A key and a value for the kernel's or the hypervisor's command line; an empty value is a bare key. */
export interface Param {
  /** Without spaces, commas, quotes and `=`. */
  key: string;
  /** Empty for a bare key. */
  value: string;
}

/** How block devices reach the guest. */
export const blockDeviceDrivers = ["virtio-blk", "virtio-scsi"] as const;
/** By what folders of the host are shared with the guest. */
export const sharedFileSystems = ["virtio-fs", "virtio-9p", "none"] as const;

const param = v.strictObject({
  key: v.pipe(text(256), v.regex(/^[^\s=,"]+$/, "it must have no space, comma, quote or =")),
  value: argument(4096),
});

/** The VM and how it is run; names as in the Go library, with units where it has none. Paths are absolute. */
export interface HypervisorConfig extends QemuFields {
  /** vCPUs at start, 1 to 240; default 1. */
  numVCPUs?: number | undefined;
  /** What a running VM can be grown to, 1 to 240; default: the host's CPUs, but not more than 8. */
  defaultMaxVCPUs?: number | undefined;
  /** Memory at start, 64 MiB to 4 TiB; default 256 MiB. */
  memoryMiB?: number | undefined;
  /** What a running VM can be grown to, 64 MiB to 4 TiB; default: the host's memory. */
  defaultMaxMemoryMiB?: number | undefined;
  /** Memory is added as virtio-mem, which can be taken back for good, instead of as modules. Default false. */
  virtioMem?: boolean | undefined;
  /** Added to the kernel's command line. */
  kernelParams?: Param[] | undefined;
  /** Added to the hypervisor's command line. */
  hypervisorParams?: Param[] | undefined;
  /** The guest's kernel; default: that of the guest's files. */
  kernelPath?: string | undefined;
  /** The guest's root; default: the image of the guest's files, if there are any. */
  imagePath?: string | undefined;
  /** What the kernel begins with: it loads modules and goes on to the image, or is all of the guest's root. */
  initrdPath?: string | undefined;
  /** Firmware that boots the guest; default: none, or the hypervisor's own. */
  firmwarePath?: string | undefined;
  /** The hypervisor's program; default: the one in PATH. */
  hypervisorPath?: string | undefined;
  /** How disks reach the guest; default `virtio-blk`. */
  blockDeviceDriver?: (typeof blockDeviceDrivers)[number] | undefined;
  /** By what folders are shared with the guest; default: virtio-fs where one is needed and it can be, else none. */
  sharedFS?: (typeof sharedFileSystems)[number] | undefined;
  /** Bytes of one message of 9p, 4096 to 1 MiB; default 512,000. */
  msize9p?: number | undefined;
  /** virtiofsd's program; default: where the system has it. */
  virtioFSDaemon?: string | undefined;
  /** Where virtioFSDaemon may be, as patterns; any other place is refused. */
  virtioFSDaemonList?: string[] | undefined;
  /** How long the guest may go by what it has read; default `auto`. */
  virtioFSCache?: "auto" | "always" | "none" | undefined;
  /** Further arguments of virtiofsd. */
  virtioFSExtraArgs?: string[] | undefined;
  /** The guest's kernel and agent tell more on the console. Default false. */
  debug?: boolean | undefined;
  /** Host processes that can use the sandbox at once, 1 to 28; default 8. */
  agentPorts?: number | undefined;
  /** Annotations of the sandbox that may change its configuration, as regular expressions of whole names. */
  enableAnnotations?: string[] | undefined;
  /** Where the annotation of the hypervisor's path may point to, as patterns; without a list nowhere. */
  hypervisorPathList?: string[] | undefined;
  /** The same for the path of the hypervisor's control program. */
  hypervisorCtlPathList?: string[] | undefined;
  /** The same for the path of the jailer. */
  jailerPathList?: string[] | undefined;
  /** The same for the folder of the file that is the guest's memory. */
  fileBackedMemRootList?: string[] | undefined;
  /** The same for the folder of vhost-user storage. */
  vhostUserStorePathList?: string[] | undefined;
  /** No image as a root file system, since it would come as a block device. Default false. */
  disableBlockDeviceUse?: boolean | undefined;
  /** The VM has an IOMMU, which its kernel uses. Only q35. Default false. */
  iommu?: boolean | undefined;
  /** The agent is reached over vsock instead of virtio-serial. Default false. */
  useVSock?: boolean | undefined;
  /** A folder of the guest with hooks in `prestart`, `poststart` and `poststop`, run for every container. */
  guestHookPath?: string | undefined;
  /** The context of SELinux that the VMM and virtiofsd run in. */
  seLinuxProcessLabel?: string | undefined;
}

export const HypervisorConfigSchema = v.strictObject({
  numVCPUs: v.optional(integer(1, 240, "vCPUs")),
  defaultMaxVCPUs: v.optional(integer(1, 240, "vCPUs")),
  memoryMiB: v.optional(integer(64, 4_194_304, "MiB")),
  defaultMaxMemoryMiB: v.optional(integer(64, 4_194_304, "MiB")),
  virtioMem: flag,
  kernelParams: v.optional(v.array(param)),
  hypervisorParams: v.optional(v.array(param)),
  kernelPath: v.optional(absolutePath()),
  imagePath: v.optional(absolutePath()),
  initrdPath: v.optional(absolutePath()),
  firmwarePath: v.optional(absolutePath()),
  hypervisorPath: v.optional(absolutePath()),
  blockDeviceDriver: v.optional(
    v.picklist(blockDeviceDrivers, "it must be virtio-blk or virtio-scsi"),
  ),
  sharedFS: v.optional(v.picklist(sharedFileSystems, "it must be virtio-fs, virtio-9p or none")),
  msize9p: v.optional(integer(4096, 1_048_576, "bytes")),
  virtioFSDaemon: v.optional(absolutePath()),
  virtioFSDaemonList: paths,
  virtioFSCache: v.optional(
    v.picklist(["auto", "always", "none"], "it must be auto, always or none"),
  ),
  virtioFSExtraArgs: v.optional(v.array(argument(1024))),
  debug: flag,
  agentPorts: v.optional(integer(1, 28)),
  enableAnnotations: v.optional(v.array(namePattern)),
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
  disableBlockDeviceUse: flag,
  iommu: flag,
  useVSock: flag,
  hotplugVFIOOnRootBus: later("VFIO"),
  disableVhostNet: later("networking"),
  enableVhostUserStore: later("vhost-user storage"),
  vhostUserStorePath: later("vhost-user storage"),
  guestHookPath: v.optional(absolutePath()),
  seLinuxProcessLabel: v.optional(
    v.pipe(
      text(4096),
      v.regex(
        /^\w[\w.-]*(:\w[\w.-]*){2}(:[\w.,:-]+)?$/,
        "it must be a context as in system_u:system_r:svirt_t:s0:c1,c2",
      ),
    ),
  ),
  ...qemuFields,
});
