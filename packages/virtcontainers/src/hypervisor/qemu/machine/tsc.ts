import type { QemuConfig } from "../config.ts";

/**
 * A microvm has no clock beside the PIT that the kernel could measure the time stamp counter by. Emulated on a busy
 * host that fails ("Unable to calibrate against PIT"), and then the kernel waits for ever for the PIT's interrupt, which
 * does not come over this machine's IO-APIC. KVM tells its guests by a clock of its own.
 */
export function needsTscKHz(
  { machineType }: Pick<QemuConfig, "machineType">,
  accelerator: "kvm" | "tcg",
): boolean {
  return machineType === "microvm" && accelerator === "tcg";
}
