import { machines } from "./machines.ts";

/** The most vCPUs that a VM of QEMU can be given. */
export function maxQemuVCPUs(): number {
  return Math.max(...Object.values(machines).map(({ maxVCPUs }) => maxVCPUs));
}
