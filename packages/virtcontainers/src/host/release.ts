import { readFileSync } from "node:fs";

/** The release of Debian that this host is, or is taken for. */
export type DebianRelease = "12" | "13";

/** As in os-release(5). What has no number, as sid, and other distributions name their packages as the newest does. */
export function debianRelease(osRelease: string): DebianRelease {
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1];
  return field("ID") === "debian" && Number(field("VERSION_ID")) <= 12 ? "12" : "13";
}

export function hostRelease(): DebianRelease {
  try {
    return debianRelease(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return "13";
  }
}
