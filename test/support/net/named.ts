import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Where `ip netns` keeps the namespaces that have names. */
export const namespacesFolder = "/run/netns";

/** Takes back what `ip netns add` has made: these namespaces, and the folder, which it mounts on itself, if nobody uses it. */
export function forgetNamespaces(names: readonly string[]): void {
  if (!existsSync(namespacesFolder)) return;
  for (const path of names.map((name) => join(namespacesFolder, name)).filter(existsSync)) {
    execFileSync("umount", [path]);
    rmSync(path);
  }
  if (readdirSync(namespacesFolder).length > 0) return;
  execFileSync("umount", [namespacesFolder]);
  rmdirSync(namespacesFolder);
}
