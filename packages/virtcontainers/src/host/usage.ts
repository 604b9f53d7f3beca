import type { ProcessUsage } from "./host.ts";
import { readStat } from "./identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** /proc counts time in this unit on every Linux that Node.js runs on: USER_HZ is 100. */
const tickNs = 10_000_000;
const pageBytes = 4096;

/** What a process has used; undefined if it is gone. Fields 14, 15, 22 and 24 of /proc/pid/stat, proc(5). */
export function usageOf(process: ProcessIdentity): ProcessUsage | undefined {
  const fields = readStat(process.pid);
  if (fields === undefined || fields[19] !== process.startTime) return undefined;
  return {
    userNs: Number(fields[11]) * tickNs,
    systemNs: Number(fields[12]) * tickNs,
    residentBytes: Number(fields[21]) * pageBytes,
  };
}
