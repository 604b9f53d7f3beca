import { randomInt } from "node:crypto";

/** VMMs of root run as one of these users, which have no name and nothing else. */
const firstVmUid = 0x4000_0000;
const vmUids = 0x2000_0000;

/** A user for the VMM of one sandbox alone. */
export function chooseVmUid(): number {
  return firstVmUid + randomInt(vmUids);
}

export function isVmUid(uid: number): boolean {
  return uid >= firstVmUid && uid < firstVmUid + vmUids;
}
