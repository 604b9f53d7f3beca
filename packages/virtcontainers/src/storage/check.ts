import type { ContainerConfig } from "../config/container.ts";
import { matchesPath } from "../config/patterns.ts";
import { rootDiskOf } from "../config/rootfs.ts";
import type { SandboxConfig } from "../config/sandbox.ts";
import { VirtError } from "../errors.ts";
import type { ResolvedHypervisorConfig } from "../hypervisor/config.ts";
import { shareKinds } from "../hypervisor/device.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Context } from "../operation/context.ts";
import { assertKernelHas9p } from "./9p/check.ts";
import { whyUserCannotShare } from "./user-share.ts";

const field = "hypervisorConfig.sharedFS";

/** Refuses by name what the host, the driver or the guest's kernel can't share. */
export async function assertShareable(
  context: Context,
  hypervisor: Hypervisor,
  config: SandboxConfig,
  sharedFS: ResolvedHypervisorConfig["sharedFS"],
): Promise<void> {
  const { virtioFSDaemon, virtioFSDaemonList, disableBlockDeviceUse } =
    config.hypervisorConfig ?? {};
  if (
    virtioFSDaemon !== undefined &&
    virtioFSDaemonList &&
    !matchesPath(virtioFSDaemonList, virtioFSDaemon)
  ) {
    throw new VirtError("INVALID_ARGUMENT", `${virtioFSDaemon} is not in virtioFSDaemonList`, {
      field: "hypervisorConfig.virtioFSDaemon",
      hint: `Allowed are: ${virtioFSDaemonList.join(", ")}.`,
    });
  }
  if (disableBlockDeviceUse && config.containers?.some(isDisk)) {
    const what = "an image or disk reaches the guest as a block device only";
    throw new VirtError("NOT_SUPPORTED", what, {
      field: "hypervisorConfig.disableBlockDeviceUse",
      hint: "Leave it out, or give the container a folder as rootFs.",
    });
  }
  if (sharedFS === "none") return;
  const shareable = shareKinds.filter((kind) => hypervisor.capabilities.coldPlug.includes(kind));
  if (!shareable.includes(sharedFS)) {
    const able = shareable.join(" or ") || "nothing";
    throw refusal(
      `the hypervisor ${hypervisor.type} can't share by ${sharedFS}`,
      `It can: ${able}.`,
    );
  }
  await assertUserCanShare(context, config, sharedFS);
  if (sharedFS === "virtio-9p") await assertKernelHas9p(context, config);
}

function isDisk({ image, rootFs }: ContainerConfig): boolean {
  return image !== undefined || rootDiskOf(rootFs) !== undefined;
}

function refusal(message: string, hint: string): VirtError {
  return new VirtError("NOT_SUPPORTED", message, { field, hint });
}

async function assertUserCanShare(
  context: Context,
  config: SandboxConfig,
  sharedFS: ResolvedHypervisorConfig["sharedFS"],
): Promise<void> {
  if (context.host.uid === 0) return;
  const why =
    sharedFS === "virtio-fs"
      ? await whyUserCannotShare(context, config)
      : `sharing a folder by ${sharedFS} needs root, since it mounts on the host`;
  if (why === undefined) return;
  throw refusal(why, "Run as root, or use an image and volumes of the driver ext4.");
}
