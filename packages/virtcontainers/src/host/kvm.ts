import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import { isErrno } from "./errno.ts";

export interface KvmStatus {
  usable: boolean;
  /** Why it can't be used, as one clause. */
  reason: string | undefined;
  /** The group that may open the device, if not everybody may. */
  gid: number | undefined;
}

/**
 * KVM is usable if its device opens and, on x86, the CPU tells of hardware virtualisation: a device without
 * it belongs to a paravirtual KVM that runs only guests made for it; a stock kernel hangs there. `anyCpu`
 * leaves out the second condition.
 */
export async function kvmUsable(
  paths = { device: "/dev/kvm", cpuinfo: "/proc/cpuinfo" },
  anyCpu = false,
): Promise<KvmStatus> {
  const no = (reason: string): KvmStatus => ({ usable: false, reason, gid: undefined });
  try {
    await access(paths.device, constants.R_OK | constants.W_OK);
  } catch (error) {
    return no(
      isErrno(error, "ENOENT")
        ? `there is no ${paths.device}`
        : `${paths.device} can't be opened by this user`,
    );
  }
  if (!anyCpu && process.arch === "x64" && !(await hasVirtualisation(paths.cpuinfo))) {
    return no(`${paths.device} is there, but the CPU shows neither vmx nor svm`);
  }
  const { mode, gid } = await stat(paths.device);
  return { usable: true, reason: undefined, gid: (mode & 0o006) === 0o006 ? undefined : gid };
}

async function hasVirtualisation(cpuinfo: string): Promise<boolean> {
  const flags = /^flags\s*:(.*)$/m.exec(await readFile(cpuinfo, "utf8"))?.[1] ?? "";
  return /\b(vmx|svm)\b/.test(flags);
}
