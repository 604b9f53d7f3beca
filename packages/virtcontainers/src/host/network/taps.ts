import { closeSync, constants, openSync } from "node:fs";
import { VirtError } from "../../errors.ts";
import { hostError, isErrno } from "../errno.ts";
import type { OpenDescriptor } from "../host.ts";
import type { Libc } from "../libc.ts";
import { openDescriptor } from "../open-descriptor.ts";
import { inNamespace } from "./enter.ts";

const tunDevice = "/dev/net/tun";
const vhostDevice = "/dev/vhost-net";
const readWrite = constants.O_RDWR | constants.O_NONBLOCK;
/** linux/if_tun.h. */
const iff = { tap: 0x0002, multiQueue: 0x0100, noPi: 0x1000, vnetHdr: 0x4000, exclusive: 0x8000 };

export function openTap(
  libc: () => Libc,
  namespace: string,
  { name, queues, existing = false }: { name: string; queues: number; existing?: boolean },
): OpenDescriptor[] {
  const attach = (fd: number, index: number): void =>
    attachQueue(libc(), fd, { name, queues, existing }, index);
  try {
    return inNamespace(libc, namespace, () => openAll(queues, () => openTun(), attach));
  } catch (error) {
    if (isErrno(error, "EPERM", "EACCES"))
      throw new VirtError("HOST_REQUIREMENT", `making the tap ${name} is not permitted`, {
        cause: error,
        hint: "Run as root with CAP_NET_ADMIN.",
      });
    throw hostError(error, `making the tap ${name}`);
  }
}

/** Makes an open tun device a pair of queues of a tap. */
export function attachQueue(
  libc: Libc,
  fd: number,
  { name, queues, existing = false }: { name: string; queues: number; existing?: boolean },
  index: number,
): void {
  const flags = iff.tap | iff.noPi | iff.vnetHdr | (queues > 1 ? iff.multiQueue : 0);
  // The first makes it, and must not be given one that is there.
  libc.setTunInterface(fd, name, index === 0 && !existing ? flags | iff.exclusive : flags);
}

function openTun(): number {
  try {
    return openSync(tunDevice, readWrite);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENXIO", "ENODEV")) throw error;
    throw new VirtError("HOST_REQUIREMENT", `${tunDevice} can't be opened`, {
      cause: error,
      hint: "Load the kernel module: sudo modprobe tun.",
    });
  }
}

/** None where the host has no such device: the VMM then serves the queues itself. */
export function openVhost(count: number): OpenDescriptor[] {
  try {
    return openAll(count, () => openSync(vhostDevice, readWrite));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENXIO", "ENODEV", "EACCES", "EPERM")) return [];
    throw hostError(error, `opening ${vhostDevice}`);
  }
}

/** So many descriptors, or none: what was opened is closed if one of them can't be. */
export function openAll(
  count: number,
  open: () => number,
  prepare: (fd: number, index: number) => void = () => {},
): OpenDescriptor[] {
  const fds: number[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const fd = open();
      fds.push(fd);
      prepare(fd, index);
    }
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    throw error;
  }
  return fds.map(openDescriptor);
}
