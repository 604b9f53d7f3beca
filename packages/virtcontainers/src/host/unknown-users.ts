import { readFileSync } from "node:fs";

/** So many ids there are; a user namespace with fewer has users that it does not know. */
const allIds = 4_294_967_295;

/**
 * True if an owner may be any user that this process's user namespace does not know: the kernel gives all of them
 * one number, which this process may have itself. user_namespaces(7), "Unmapped user and group IDs".
 */
export function isOfAnyone(uid: number): boolean {
  if (uid !== unknownUser()) return false;
  const known = readFileSync("/proc/self/uid_map", "utf8")
    .split("\n")
    .map((line) => Number(line.trim().split(/\s+/)[2] ?? 0));
  return known.reduce((sum, count) => sum + count, 0) < allIds;
}

let overflow: number | undefined;
function unknownUser(): number {
  overflow ??= Number(readFileSync("/proc/sys/kernel/overflowuid", "utf8"));
  return overflow;
}
