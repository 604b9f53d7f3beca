import { readFile } from "node:fs/promises";
import { VirtError } from "../../../errors.ts";
import type { QemuConfig } from "../config.ts";

const mebibyte = 1024 * 1024;
/** What QEMU locks beside the guest's memory: its translated code alone may be 1 GiB. */
const ownMiB = 1280;

/** Refuses forms of memory that this host can't give: huge pages that are not there, locks above the limit. */
export async function checkMemory(
  config: QemuConfig,
  files = { meminfo: "/proc/meminfo", limits: "/proc/self/limits" },
): Promise<void> {
  const { memoryMiB } = config;
  if (config.hugePages) {
    const free = freeHugeMiB(await readFile(files.meminfo, "utf8"));
    if (free < memoryMiB) {
      throw new VirtError(
        "HOST_REQUIREMENT",
        `the guest's ${memoryMiB} MiB are to be on huge pages, of which ${free} MiB are free`,
        {
          field: "hypervisorConfig.hugePages",
          hint: "Raise vm.nr_hugepages (sysctl), or leave hugePages out.",
        },
      );
    }
  }
  if (config.mlock) {
    const most = lockableMiB(await readFile(files.limits, "utf8"));
    if (most < memoryMiB + ownMiB) {
      throw new VirtError(
        "HOST_REQUIREMENT",
        `${memoryMiB + ownMiB} MiB are to be locked, and this process may lock ${most} MiB`,
        {
          field: "hypervisorConfig.mlock",
          hint: "Raise the limit of locked memory (ulimit -l), or leave mlock out.",
        },
      );
    }
  }
}

/** proc_meminfo(5). */
function freeHugeMiB(meminfo: string): number {
  const number = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(meminfo)?.[1] ?? 0);
  return Math.floor((number("HugePages_Free") * number("Hugepagesize")) / 1024);
}

/** The soft limit, which QEMU inherits; proc_pid_limits(5). */
function lockableMiB(limits: string): number {
  const soft = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1] ?? "0";
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Math.floor(Number(soft) / mebibyte);
}
