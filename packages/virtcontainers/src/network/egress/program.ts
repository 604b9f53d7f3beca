import { statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { scriptArguments } from "../script.ts";
import { keptConfigName, logFolderFd } from "./helper-config.ts";

const memoryMiB = 128;
const capability = "net_admin";

/**
 * Starts the helper again when it ends, once it has been told what to enforce; the helper ends with whoever does that.
 * When it ends again and again this gives up, and the next call for the sandbox tries anew.
 */
const watcher = `failures=0
while :; do
  begun=$(date +%s)
  "$0" --pdeathsig KILL -- "$@"
  [ -e /proc/self/fd/${logFolderFd}/${keptConfigName} ] || exit 1
  if [ $(($(date +%s) - begun)) -lt 60 ]; then failures=$((failures + 1)); else failures=1; fi
  [ $failures -lt 6 ] || exit 1
  sleep $((failures - 1))
done`;

/** The command that becomes the helper and who watches it, with no privilege but one; root's are a user of their own. */
export async function helperCommand(
  host: Host,
  uid: number,
): Promise<{ path: string; args: string[] }> {
  const path = await host.processes.which("setpriv");
  if (path === undefined)
    throw new VirtError(
      "HOST_REQUIREMENT",
      "the tool setpriv is missing, which an egress policy needs",
      {
        hint: "Install it; Debian: sudo apt install util-linux.",
      },
    );
  const script = scriptArguments({
    built: new URL("./egress-helper.js", import.meta.url),
    source: new URL("./helper/main.ts", import.meta.url),
  });
  // In a namespace of an ordinary user there is no other user than himself.
  const other = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const privileges = [
    ...(host.network.apart ? [] : other),
    "--no-new-privs",
    `--bounding-set=-all,+${capability}`,
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=-all,+${capability}`,
  ];
  return {
    path,
    args: [
      ...privileges,
      ...["/bin/sh", "-c", watcher, path],
      ...[process.execPath, `--max-old-space-size=${memoryMiB}`, ...script],
    ],
  };
}

/** True if any user can run the helper: Node.js may be in somebody's home. */
export function isForAll(): boolean {
  const files = [process.execPath, fileURLToPath(import.meta.url)];
  return files.every((file) => {
    for (let path = file; path !== "/"; path = dirname(path))
      if ((statSync(path).mode & 0o005) !== 0o005 && path !== file) return false;
    return (statSync(file).mode & 0o004) !== 0;
  });
}
