import { readFile, stat } from "node:fs/promises";
import { readStat } from "./identity.ts";

/** How many are named at most. */
const most = 3;

/** Names the processes that hold locks of files, for an error. proc_locks(5). */
export async function lockHolders(paths: readonly string[]): Promise<string> {
  const files = new Set<string>();
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) files.add(`${deviceName(found.dev)}:${found.ino}`);
  }
  const table = await readFile("/proc/locks", "utf8").catch(() => "");
  const pids = new Set<number>();
  for (const line of table.split("\n")) {
    const [, type, , , pid, file = ""] = line.split(/\s+/);
    if (type === "FLOCK" && files.has(file)) pids.add(Number(pid));
  }
  // A pid of another namespace is not one here.
  const names = [...pids].flatMap((pid) => nameOf(pid) ?? []).slice(0, most);
  return names.length === 0 ? "another process" : names.join(" and ");
}

/** As the table has it: major and minor number, each in two hexadecimal digits or more. */
function deviceName(dev: number): string {
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  return [major, minor].map((part) => part.toString(16).padStart(2, "0")).join(":");
}

function nameOf(pid: number): string | undefined {
  const state = pid > 0 ? readStat(pid)?.[0] : undefined;
  if (state === undefined) return undefined;
  return state === "T" ? `process ${pid}, which is stopped (SIGSTOP)` : `process ${pid}`;
}
