import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { type ErrorCode, VirtError } from "../../../errors.ts";
import type { Host } from "../../../host/host.ts";
import { vhostVsock } from "../../../host/vsock.ts";
import type { QemuConfig } from "../config.ts";

/** Where the host tells that it has what a VM can be given beside the usual. */
const places = { vsock: vhostVsock, seLinux: "/sys/fs/selinux" };

/** Refuses by name what few VMs ask for and this host, machine or accelerator does not have. */
export async function checkExtras(
  config: QemuConfig,
  accelerator: "kvm" | "tcg",
  host: Host,
  { vsock, seLinux } = places,
): Promise<void> {
  if (config.iommu && config.machineType !== "q35") {
    const why = `the machine type ${config.machineType} has no IOMMU`;
    throw refusal("NOT_SUPPORTED", "iommu", why, "Use q35, or leave it out.");
  }
  if (config.iommuPlatform && config.sharedFS === "virtio-fs") {
    const why = "virtiofsd serves no device behind an IOMMU";
    const hint = "Use images and volumes with sharedFS `none`, or virtio-9p.";
    throw refusal("NOT_SUPPORTED", "iommuPlatform", why, hint);
  }
  if (config.realtime && !config.mlock && accelerator === "tcg") {
    const why = "without KVM it locks memory and nothing else, and mlock is false";
    throw refusal("NOT_SUPPORTED", "realtime", why, "Leave mlock out.");
  }
  await checkVsock(config, vsock);
  if (config.seLinuxProcessLabel === undefined) return;
  if (!(await can(seLinux, constants.F_OK))) {
    const why = `this host runs without SELinux: ${seLinux} is missing`;
    throw refusal("HOST_REQUIREMENT", "seLinuxProcessLabel", why, "Leave it out.");
  }
  if ((await host.processes.which("runcon")) === undefined) {
    const why = "the tool runcon is missing, which enters a context";
    throw refusal("HOST_REQUIREMENT", "seLinuxProcessLabel", why, "Install coreutils.");
  }
}

async function checkVsock(
  { useVSock, vsockDaemon, iommuPlatform }: QemuConfig,
  vsock: string,
): Promise<void> {
  if (vsockDaemon === undefined) {
    if (!useVSock || (await can(vsock, constants.R_OK | constants.W_OK))) return;
    const why = `${vsock} is missing, or not for this user`;
    const hint =
      "Load the kernel module (modprobe vhost_vsock), have the program vhost-device-vsock serve it (vsockDaemon), or leave it out.";
    throw refusal("HOST_REQUIREMENT", "useVSock", why, hint);
  }
  if (!useVSock) {
    const why = "the agent is not reached over vsock";
    throw refusal("INVALID_ARGUMENT", "vsockDaemon", why, "Set useVSock, or leave it out.");
  }
  if (iommuPlatform) {
    const why = "vhost-device-vsock serves no device behind an IOMMU";
    throw refusal("NOT_SUPPORTED", "iommuPlatform", why, "Leave one of the two out.");
  }
  if (await can(vsockDaemon, constants.X_OK)) return;
  const why = `${vsockDaemon} is missing, or not executable`;
  const hint =
    "Install it: cargo install --locked vhost-device-vsock@0.3.0; or name where it is. `virtc check` looks for it.";
  throw refusal("HOST_REQUIREMENT", "vsockDaemon", why, hint);
}

async function can(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}

function refusal(code: ErrorCode, name: string, why: string, hint: string): VirtError {
  const field = `hypervisorConfig.${name}`;
  return new VirtError(code, `${field} can't be honoured: ${why}`, { field, hint });
}
