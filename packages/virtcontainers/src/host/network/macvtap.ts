import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { hostError } from "../errno.ts";
import type { OpenDescriptor } from "../host.ts";
import type { Libc } from "../libc.ts";
import { inNamespace } from "./enter.ts";
import { openAll } from "./taps.ts";

/** S_IFCHR for its owner alone. */
const characterDevice = 0o020600;
const readWrite = constants.O_RDWR | constants.O_NONBLOCK;

/**
 * Opens a macvtap by file systems that nobody else sees: the namespace's sysfs tells its numbers, and its device is made
 * in memory, since /dev has those of this process's namespace at best.
 */
export function openMacvtap(
  libc: () => Libc,
  namespace: string,
  { ifindex, queues }: { ifindex: number; queues: number },
): OpenDescriptor[] {
  try {
    return inNamespace(libc, namespace, () => {
      const [major, minor] = within(libc(), "sysfs", (sysfs) => numbersOf(sysfs, ifindex));
      return within(libc(), "tmpfs", (tmpfs) => {
        const path = `${tmpfs}/tap`;
        libc().makeDevice(path, characterDevice, major, minor);
        return openAll(queues, () => openSync(path, readWrite));
      });
    });
  } catch (error) {
    throw hostError(error, `opening the macvtap of the link ${ifindex}`);
  }
}

function within<T>(libc: Libc, type: string, act: (path: string) => T): T {
  const fd = libc.detachedMount(type);
  try {
    return act(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function numbersOf(sysfs: string, ifindex: number): [number, number] {
  const path = `${sysfs}/class/macvtap/tap${ifindex}/dev`;
  const [, major, minor] = /^(\d+):(\d+)\s*$/.exec(readFileSync(path, "utf8")) ?? [];
  if (major === undefined || minor === undefined) throw new Error(`${path} has no numbers`);
  return [Number(major), Number(minor)];
}
