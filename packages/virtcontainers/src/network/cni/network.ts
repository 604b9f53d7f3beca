import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { NetworkList, PluginConfig } from "./config-list.ts";
import { configFolders, findList } from "./load.ts";

/** A network that sandboxes can be attached to. */
export interface UsableNetwork {
  /** The name that it is asked for by. */
  name: string;
  list: NetworkList;
  /** A bridge that goes when nobody uses the network any more. */
  bridge?: string | undefined;
  /** Plugins that only this host needs, after the others: it takes time to tell. */
  further?(host: Host): Promise<PluginConfig[]>;
  /** Makes what the plugins don't, beside them; it is there before a guest is. */
  prepare?(host: Host, signal: AbortSignal): Promise<void>;
  /** For who has the networks locked: it is what it was when it was looked up. NETWORK_NOT_FOUND. */
  assertThere?(): Promise<void>;
}

/** A network of a configuration file. NETWORK_NOT_FOUND. */
export async function networkOfFile(name: string): Promise<UsableNetwork> {
  const folders = configFolders(process.env);
  const list = await findList(name, folders);
  if (list !== undefined) return { name, list };
  throw networkNotFound(name);
}

export function networkNotFound(name: string): VirtError {
  return new VirtError("NETWORK_NOT_FOUND", `there is no network ${name}`, {
    hint: `List them with \`virtc network ls\`, or make it: virtc network create ${name}`,
  });
}
