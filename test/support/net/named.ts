import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Where `ip netns` keeps the namespaces that have names. */
export const namespacesFolder = "/run/netns";

/** Takes back the folder that `ip netns add` has made and mounted on itself, with what is still in it. */
export function forgetNamespaces(): void {
  if (!existsSync(namespacesFolder)) return;
  for (const name of readdirSync(namespacesFolder)) {
    execFileSync("umount", [join(namespacesFolder, name)]);
    rmSync(join(namespacesFolder, name));
  }
  execFileSync("umount", [namespacesFolder]);
  rmdirSync(namespacesFolder);
}
