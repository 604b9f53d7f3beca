import { readFile } from "node:fs/promises";
import { hostError } from "./errno.ts";

/** True if this machine is itself a VM: its CPU has the flag `hypervisor`. HOST_FAILED. */
export async function runningOnVMM(cpuInfoPath = "/proc/cpuinfo"): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(cpuInfoPath, "utf8");
  } catch (error) {
    throw hostError(error, `reading ${cpuInfoPath}`);
  }
  return /^flags\s*:.*\bhypervisor\b/m.test(text);
}
