import { accessSync, constants } from "node:fs";
import { delimiter, dirname } from "node:path";
import type { NetmonConfig } from "../../config/network/netmon.ts";
import { VirtError } from "../../errors.ts";
import { hostError } from "../../host/errno.ts";
import type { Host } from "../../host/host.ts";
import { scriptArguments } from "../script.ts";
import { homeVariable } from "./variables.ts";

const memoryMiB = 128;

/** In blocks of 512 bytes: 4 MiB. */
const logBlocks = 8192;

/**
 * Starts the monitor again when it fails; it ends with whoever does that. What ends without a failure has nothing more
 * to follow. When it fails again and again this gives up, and the next call for the sandbox tries anew.
 */
const watcher = `trap "" XFSZ
ulimit -S -f ${logBlocks}
export ${homeVariable}=/proc/$$/ns/net
failures=0
while :; do
  begun=$(date +%s)
  "$0" --pdeathsig KILL -- "$@" && exit 0
  echo "the network monitor has ended with $?" >&2
  if [ $(($(date +%s) - begun)) -lt 60 ]; then failures=$((failures + 1)); else failures=1; fi
  [ $failures -lt 6 ] || exit 1
  sleep $((failures - 1))
done`;

interface MonitorCommand {
  path: string;
  args: string[];
  env: Record<string, string>;
}

/** The command that becomes the monitor of a sandbox and who watches it. HOST_REQUIREMENT. */
export async function monitorCommand(
  host: Host,
  { path, debug = false }: Pick<NetmonConfig, "path" | "debug">,
  sandboxId: string,
  netns: string,
): Promise<MonitorCommand> {
  const setpriv = await toolPath(host, "setpriv");
  const program = scriptArguments({
    built: new URL("./network-monitor.js", import.meta.url),
    source: new URL("../../programs/network-monitor/main.ts", import.meta.url),
  });
  const watched = (...command: string[]): Pick<MonitorCommand, "path" | "args"> => ({
    path: "/bin/sh",
    args: ["-c", watcher, setpriv, ...command],
  });
  if (path === undefined) {
    const node = [process.execPath, `--max-old-space-size=${memoryMiB}`, ...program];
    return { ...watched(...node, "follow", sandboxId, ...(debug ? ["-d"] : [])), env: {} };
  }
  const [script = "", ...loader] = [...program].reverse();
  assertExecutable(script);
  const nsenter = await toolPath(host, "nsenter");
  const args = ["-r", script, "-s", sandboxId, ...(debug ? ["-d"] : [])];
  const level = ["-log", debug ? "debug" : "info"];
  return {
    ...watched(nsenter, `--net=${netns}`, "--", path, ...args, ...level),
    env: runtimeEnvironment(loader.reverse()),
  };
}

/** By which the runtime that another program starts finds this Node.js, and from sources what translates them. */
function runtimeEnvironment(loader: readonly string[]): Record<string, string> {
  const folders = [dirname(process.execPath), process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin"];
  return {
    PATH: folders.join(delimiter),
    ...(loader.length > 0 && { NODE_OPTIONS: loader.join(" ") }),
  };
}

async function toolPath(host: Host, tool: string): Promise<string> {
  const path = await host.processes.which(tool);
  if (path !== undefined) return path;
  throw new VirtError(
    "HOST_REQUIREMENT",
    `the tool ${tool} is missing, which a network monitor needs`,
    {
      hint: "Install it; Debian: sudo apt install util-linux.",
    },
  );
}

/** Another program starts it by its path alone. */
function assertExecutable(script: string): void {
  try {
    accessSync(script, constants.X_OK);
  } catch (error) {
    throw hostError(error, `the runtime that a network monitor is told, ${script}`);
  }
}
