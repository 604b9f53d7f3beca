import * as v from "valibot";
import { pluginNonsense } from "../../host/cni/failure.ts";
import {
  type PluginCall,
  type PluginOptions,
  type PluginTurns,
  runPlugin,
} from "../../host/cni/plugin.ts";
import type { Host } from "../../host/host.ts";
import type { CniUse } from "../../store/network/cni-use.ts";
import { type Result, ResultSchema } from "./result.ts";

/** ADD of each plugin in turn, with what the one before it answered; `onResult` hears of each. NETWORK_FAILED, TIMEOUT. */
export async function addChain(
  host: Host,
  use: CniUse,
  options: PluginOptions & { turns: PluginTurns },
  onResult: (result: Result) => Promise<void>,
): Promise<Result> {
  const { cniName, cniVersion, folders, target } = use;
  let result: Result | undefined;
  for (const plugin of use.plugins) {
    const call: PluginCall = {
      command: "ADD",
      type: plugin.type,
      network: cniName,
      config: { ...plugin, name: cniName, cniVersion, ...(result && { prevResult: result }) },
      folders,
      target,
    };
    host.failpoint(`cni.add.${plugin.type}`);
    result = readResult(
      call,
      await options.turns(plugin.type, () => runPlugin(host, call, options)),
    );
    host.failpoint(`cni.added.${plugin.type}`);
    await onResult(result);
  }
  return result ?? {};
}

function readResult(call: PluginCall, stdout: string): Result {
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), ResultSchema), stdout);
  if (read.success) return read.output;
  throw pluginNonsense(call, stdout, new v.ValiError(read.issues));
}
