import { readFileSync } from "node:fs";

/** The mounts of this process's namespace, by mount point and what is mounted there. */
export function mounts(
  table: string = readFileSync("/proc/self/mountinfo", "utf8"),
): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of table.split("\n")) {
    // Ids of mounts are numbered as they come, and say nothing.
    const [, , , root, point, ...rest] = line.split(" ");
    if (root === undefined || point === undefined) continue;
    const key = `mount ${point}`;
    const above = found.get(key);
    const what = `${root} ${rest.filter((word) => !/^(shared|master|propagate_from):/.test(word)).join(" ")}`;
    found.set(key, above === undefined ? what : `${above}, and over it ${what}`);
  }
  return found;
}
