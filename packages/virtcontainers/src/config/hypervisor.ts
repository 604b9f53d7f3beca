import * as v from "valibot";
import { absolutePath, argument, flag, integer, later, text } from "../validate.ts";
import { qemuFields } from "./hypervisor/qemu.ts";
import { namePattern, paths } from "./patterns.ts";

const param = v.strictObject({
  key: v.pipe(text(256), v.regex(/^[^\s=,"]+$/, "it must have no space, comma, quote or =")),
  value: argument(4096),
});

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
  /** Memory is added as virtio-mem, which can be taken back for good, instead of as modules. */
  virtioMem: flag,
  kernelParams: v.optional(v.array(param)),
  hypervisorParams: v.optional(v.array(param)),
  kernelPath: v.optional(absolutePath()),
  /** The guest's root; default: the image of the guest's files, if there are any. */
  imagePath: v.optional(absolutePath()),
  /** What the kernel begins with: it loads modules and goes on to the image, or is all of the guest's root. */
  initrdPath: v.optional(absolutePath()),
  firmwarePath: v.optional(absolutePath()),
  hypervisorPath: v.optional(absolutePath()),
  blockDeviceDriver: v.optional(
    v.picklist(["virtio-blk", "virtio-scsi"], "it must be virtio-blk or virtio-scsi"),
  ),
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
  debug: flag,
  /** Host processes that can use the sandbox at once; default 8. */
  agentPorts: v.optional(integer(1, 28)),
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
  ...qemuFields,
});
export type HypervisorConfig = v.InferInput<typeof HypervisorConfig>;
