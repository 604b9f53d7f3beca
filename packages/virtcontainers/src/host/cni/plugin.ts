import type { Host, Processes } from "../host.ts";
import { pluginFailure, pluginTrouble } from "./failure.ts";
import { findPlugin } from "./find.ts";

export type PluginCommand = "ADD" | "DEL" | "CHECK" | "STATUS" | "GC" | "VERSION";

/** Who is attached where; none for what concerns a network as a whole. */
export interface PluginTarget {
  containerId: string;
  ifName: string;
  /** Path of the namespace; empty where it is gone. */
  netns: string;
  /** CNI_ARGS. */
  args: string;
}

export interface PluginCall {
  command: PluginCommand;
  type: string;
  /** Its name, for errors. */
  network: string;
  config: object;
  folders: readonly string[];
  target?: PluginTarget | undefined;
}

export interface PluginOptions {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  /** How it is run; default: as the host runs tools. */
  run?: Processes["run"] | undefined;
}

/** Runs `work`, the run of a plugin of this type, when it may. */
export type PluginTurns = <T>(type: string, work: () => Promise<T>) => Promise<T>;

/** The longest that one plugin may take. */
export const pluginTimeoutMs = 60_000;

/**
 * Runs a CNI plugin where bridges are made, in an environment that has nothing else, and gives what it
 * wrote. NETWORK_FAILED, TIMEOUT, CANCELED; HOST_REQUIREMENT where it is not installed.
 */
export async function runPlugin(
  host: Host,
  call: PluginCall,
  options: PluginOptions = {},
): Promise<string> {
  const path = await findPlugin(host, call.type, call.folders);
  const { signal, timeoutMs = pluginTimeoutMs, run = host.processes.run } = options;
  const command = await host.network.command(undefined, { path, args: [] });
  const result = await run(command.path, command.args, {
    env: environment(call),
    networkNamespace: command.networkNamespace,
    input: JSON.stringify(call.config),
    timeoutMs,
    ...(signal !== undefined && { signal }),
  }).catch((error: unknown) => {
    throw pluginTrouble(call, error);
  });
  if (result.code !== 0) throw pluginFailure(call, result);
  return result.stdout;
}

/** Plugins run tools such as iptables, which an ordinary PATH may lack. */
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

function environment({ command, folders, target }: PluginCall): Record<string, string> {
  return {
    PATH: searchPath,
    LC_ALL: "C",
    CNI_COMMAND: command,
    CNI_PATH: folders.join(":"),
    ...(target !== undefined && {
      CNI_CONTAINERID: target.containerId,
      CNI_IFNAME: target.ifName,
      CNI_NETNS: target.netns,
      CNI_ARGS: target.args,
    }),
  };
}
