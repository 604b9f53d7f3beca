import { readFile, writeFile } from "node:fs/promises";
import { VirtError } from "../../errors.ts";
import { hostError, isErrno } from "../errno.ts";

/** Writes one of a cgroup's files; undefined is left out. */
export async function write(path: string, value: string | number | undefined): Promise<void> {
  if (value === undefined) return;
  try {
    // Never makes a file: what is not there is no control of this kernel.
    await writeFile(path, String(value), { flag: "r+" });
  } catch (error) {
    throw cgroupError(error, `writing ${value} to ${path}`);
  }
}

/** The text of one of a cgroup's files; empty if there is none. */
export async function read(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (isErrno(error, "ENOENT", "EOPNOTSUPP", "ENODEV")) return "";
    throw cgroupError(error, `reading ${path}`);
  }
}

/** The lines of a file such as cpu.stat: a name and a number each. */
export function numbers(text: string): Map<string, number> {
  const pairs = text.split("\n").map((line) => line.split(" "));
  return new Map(pairs.map(([name = "", value = ""]) => [name, Number(value)]));
}

export function cgroupError(error: unknown, doing: string): VirtError {
  if (isErrno(error, "EACCES", "EPERM", "EROFS")) {
    return new VirtError("HOST_REQUIREMENT", `${doing} is not permitted`, {
      cause: error,
      field: "cgroups",
      hint: "A cgroup on the host needs root and a writable cgroup file system; leave cgroups, sandboxCgroupOnly and systemdCgroup out to do without.",
    });
  }
  return hostError(error, doing);
}
