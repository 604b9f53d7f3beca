import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { VirtError } from "../../../errors.ts";
import { kvmUsable } from "../../../host/kvm.ts";
import type { QemuConfig } from "../config.ts";

type AcceleratorChoice = Pick<QemuConfig, "accelerator" | "disableNestingChecks">;

export interface ResolvedAccelerator {
  name: "kvm" | "tcg";
  /** The group that QEMU needs to open /dev/kvm. */
  gid: number | undefined;
}

/** KVM where it is usable, else TCG. An explicit `kvm` wins over what the CPU seems to lack. */
export async function resolveAccelerator({
  accelerator: wanted,
  disableNestingChecks: anyCpu,
}: AcceleratorChoice): Promise<ResolvedAccelerator> {
  if (wanted === "tcg") return { name: "tcg", gid: undefined };
  const { usable, gid, reason } = await kvmUsable(undefined, anyCpu);
  if (usable) return { name: "kvm", gid };
  if (wanted === "auto") return { name: "tcg", gid: undefined };
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw new VirtError("HOST_REQUIREMENT", `KVM was asked for, but ${reason}`, {
      cause,
      field: "hypervisorConfig.accelerator",
      hint: "Use accelerator `auto` or `tcg`, or load the KVM module and give this user access.",
    });
  }
  return { name: "kvm", gid };
}
