import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
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

/** The command that becomes the helper and who watches it, as a user of their own with no privilege but one. */
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
  const script = scriptArguments();
  const privileges = [
    `--reuid=${uid}`,
    `--regid=${uid}`,
    "--clear-groups",
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

/** What is built has the helper beside it; from sources it is translated as it is loaded. */
function scriptArguments(): string[] {
  const built = fileURLToPath(new URL("./egress-helper.js", import.meta.url));
  if (!import.meta.url.endsWith(".ts")) return [built];
  const source = fileURLToPath(new URL("./helper/main.ts", import.meta.url));
  accessSync(source, constants.R_OK);
  const loader = createRequire(import.meta.url).resolve("tsx");
  return ["--import", pathToFileURL(loader).href, source];
}
