import { isVirtError } from "../../../errors.ts";
import { runPlugin } from "../../../host/cni/plugin.ts";
import { type Repairing, runWell } from "./repairing.ts";

const type = "dnsname";

/** Where the plugin keeps what its server reads. */
const folder = "/run/containers/cni/dnsname";

/** Whether the server of the network's names runs; where no sandbox has names there is none. */
export async function areNamesServed({ host, uses, signal }: Repairing): Promise<boolean> {
  for (const { cniName, cniVersion, folders, target, result, plugins } of uses) {
    const plugin = plugins.find((each) => each.type === type);
    if (plugin === undefined) continue;
    const config = { ...plugin, name: cniName, cniVersion, prevResult: result };
    const call = { command: "CHECK", type, network: cniName, config, folders, target } as const;
    try {
      await runPlugin(host, call, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!isVirtError(error)) throw error;
      return !/dnsmasq instance not running|no such process|process already finished/i.test(
        error.message,
      );
    }
    return true;
  }
  return true;
}

/** As the plugin starts it. HOST_FAILED, HOST_REQUIREMENT. */
export async function serveNames(repairing: Repairing): Promise<void> {
  const name = repairing.uses[0]?.cniName;
  if (name === undefined) return;
  await runWell(repairing, "dnsmasq", ["-u", "root", `--conf-file=${folder}/${name}/dnsmasq.conf`]);
}
