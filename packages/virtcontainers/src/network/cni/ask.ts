import { isVirtError } from "../../errors.ts";
import { runPlugin } from "../../host/cni/plugin.ts";
import type { Host } from "../../host/host.ts";
import type { CniUse } from "../../store/network/cni-use.ts";
import type { NetworkList } from "./config-list.ts";
import { isFalseAlarm } from "./false-alarm.ts";

/** STATUS of each plugin: whether the network takes further sandboxes. From version 1.1 on. NETWORK_FAILED. */
export async function assertReady(
  host: Host,
  { name, cniVersion, plugins }: NetworkList,
  folders: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (!isAtLeast(cniVersion, 1, 1)) return;
  for (const plugin of plugins) {
    const config = { ...plugin, name, cniVersion };
    const call = { command: "STATUS", type: plugin.type, network: name, config, folders } as const;
    await runPlugin(host, call, { signal });
  }
}

/** CHECK of each plugin: whether all that it made is as it made it. From version 0.4 on. NETWORK_FAILED. */
export async function checkUse(host: Host, use: CniUse, signal: AbortSignal): Promise<void> {
  const { cniName, cniVersion, folders, target, result, attachment } = use;
  if (!isAtLeast(cniVersion, 0, 4) || result === undefined) return;
  for (const plugin of use.plugins) {
    const config = { ...plugin, name: cniName, cniVersion, prevResult: result };
    const call = { command: "CHECK", type: plugin.type, network: cniName, config, folders, target };
    try {
      await runPlugin(host, { ...call, command: "CHECK" }, { signal });
    } catch (error) {
      const addresses = attachment?.addresses ?? [];
      if (!isVirtError(error) || !isFalseAlarm(plugin.type, error.message, addresses)) throw error;
    }
  }
}

/** Whether its plugins may be asked to forget: from version 1.1 on; older ones are asked by DEL. */
export function collects({ cniVersion, disableGC }: NetworkList): boolean {
  return !disableGC && isAtLeast(cniVersion, 1, 1);
}

/** GC of each plugin of a network that `collects`: it forgets all but these. NETWORK_FAILED. */
export async function forgetOthers(
  host: Host,
  { name, cniVersion, plugins }: NetworkList,
  valid: readonly { containerID: string; ifname: string }[],
  folders: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const plugin of plugins) {
    const config = { ...plugin, name, cniVersion, "cni.dev/valid-attachments": valid };
    const call = { command: "GC", type: plugin.type, network: name, config, folders } as const;
    await runPlugin(host, call, { signal });
  }
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split(".").map(Number);
  return first > major || (first === major && second >= minor);
}
