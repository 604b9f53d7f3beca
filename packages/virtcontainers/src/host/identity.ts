import { readFileSync } from "node:fs";
import { isErrno } from "./errno.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/**
 * The identity of a living process; undefined if there is none or if it is a zombie. One whose first thread has ended
 * lives as long as another does: it still holds its files. The number of threads is field 20 of /proc/pid/stat, the start
 * time field 22; the name in field 2 may itself contain spaces and parentheses. proc(5).
 */
export function identify(pid: number): ProcessIdentity | undefined {
  const fields = readStat(pid);
  const state = fields?.[0];
  const startTime = fields?.[19];
  if (state === undefined || startTime === undefined || state === "X") return;
  if (state === "Z" && Number(fields?.[17]) <= 1) return;
  return { pid, startTime };
}

/** Like identify, but of a child that may have ended already and was not yet reaped. */
export function identifyChild(pid: number): ProcessIdentity {
  return { pid, startTime: readStat(pid)?.[19] ?? "0" };
}

export function isSame(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startTime === process.startTime;
}

/** The fields of /proc/pid/stat from the third on; undefined if there is no such process. */
export function readStat(pid: number): string[] | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return;
    throw error;
  }
  return text
    .slice(text.lastIndexOf(")") + 2)
    .trimEnd()
    .split(" ");
}
