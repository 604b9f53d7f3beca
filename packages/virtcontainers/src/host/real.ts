import { readFile } from "node:fs/promises";
import { createCgroups } from "./cgroups.ts";
import type { Host } from "./host.ts";
import { createLibc } from "./libc.ts";
import { createLocks } from "./locks.ts";
import { createMounts } from "./mounts.ts";
import { houseRooms } from "./network/house/rooms.ts";
import { createNetwork } from "./network/network.ts";
import { ownRooms } from "./network/rooms.ts";
import { createPci } from "./pci/pci.ts";
import { createProcesses } from "./processes.ts";
import { createSockets } from "./sockets.ts";

/** The operating system that this process runs on: Linux 5.12 or newer, with /proc. */
export function createHost(): Host {
  const libc = createLibc();
  const processes = createProcesses(libc);
  const locks = createLocks(libc);
  const uid = process.geteuid?.() ?? 0;
  const rooms = uid === 0 ? ownRooms(libc) : houseRooms(libc, processes, locks);
  return {
    processes,
    mounts: createMounts(libc),
    locks,
    sockets: createSockets(libc),
    cgroups: createCgroups(),
    pci: createPci(),
    network: createNetwork(libc, processes, rooms),
    uid,
    gid: process.getegid?.() ?? 0,
    bootId: async () => (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim(),
    failpoint,
  };
}

/** For tests of what a crash leaves behind: dies there and then, as by `kill -9`. */
function failpoint(name: string): void {
  if (process.env.VIRTC_FAILPOINT === name) process.kill(process.pid, "SIGKILL");
}
