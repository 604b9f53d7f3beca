import { isVirtError, VirtError } from "../../errors.ts";
import type { Host } from "../host.ts";
import { type PluginTarget, type PluginTurns, runPlugin } from "./plugin.ts";

/** A chain of plugins that were added, or may have been. */
export interface AddedChain {
  cniName: string;
  cniVersion: string;
  plugins: readonly { type: string }[];
  folders: readonly string[];
  target: PluginTarget;
  result?: object | undefined;
}

/**
 * DEL of all plugins of a chain, the last first; each gets its turn, whatever the others do. A namespace that is gone
 * is no error, nor is what was never added. NETWORK_FAILED, HOST_REQUIREMENT.
 */
export async function undoChain(host: Host, chain: AddedChain, turns: PluginTurns): Promise<void> {
  const { cniName, cniVersion, folders, result } = chain;
  const netns = (await isNamespace(host, chain.target.netns)) ? chain.target.netns : "";
  const errors: unknown[] = [];
  for (const plugin of [...chain.plugins].reverse()) {
    const prevResult =
      result === undefined || cniVersion.startsWith("0.3.") ? {} : { prevResult: result };
    const call = {
      command: "DEL",
      type: plugin.type,
      network: cniName,
      config: { ...plugin, name: cniName, cniVersion, ...prevResult },
      folders,
      target: { ...chain.target, netns },
    } as const;
    await turns(plugin.type, () => runPlugin(host, call)).catch((error: unknown) =>
      errors.push(error),
    );
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1)
    throw new VirtError(
      "NETWORK_FAILED",
      `${errors.length} plugins of the network ${cniName} could not undo what they did: ${errors.map(textOf).join("; ")}`,
      { cause: new AggregateError(errors), hint: "Mend what they name, then run `virtc gc`." },
    );
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** False if it was removed, or if nothing is bound there any more. */
async function isNamespace(host: Host, path: string): Promise<boolean> {
  if (path === "") return false;
  try {
    await host.network.identifyNamespace(path);
    return true;
  } catch (error) {
    if (isVirtError(error, "INVALID_ARGUMENT")) return false;
    throw error;
  }
}
