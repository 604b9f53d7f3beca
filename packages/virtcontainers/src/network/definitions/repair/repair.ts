import { isVirtError } from "../../../errors.ts";
import type { Host } from "../../../host/host.ts";
import type { Context } from "../../../operation/context.ts";
import { tableOf } from "../../../store/network/bridge.ts";
import type { CniUse } from "../../../store/network/cni-use.ts";
import { lockedNetworks, networksFolder } from "../../../store/network/places.ts";
import { isUserThere } from "../../../store/user.ts";
import { readUses } from "../../cni/claims.ts";
import { bridgeOf, cniNameOf, type Definition, readDefinitions } from "../record.ts";
import { enforceRules } from "../rules.ts";
import { areLinksTied, hasBridge, makeBridge, tieLinks } from "./links.ts";
import { areNamesServed, serveNames } from "./names.ts";
import { type Repairing, runTool } from "./repairing.ts";

/** What another tool, or a reload of its rules, took away of a network. */
export interface Damage {
  network: string;
  what: string;
}

interface Part {
  what: string;
  isThere(repairing: Repairing): Promise<boolean>;
  make(repairing: Repairing): Promise<void>;
}

/** In the order in which they stand on each other. */
const parts: readonly Part[] = [
  { what: "its bridge", isThere: hasBridge, make: makeBridge },
  {
    what: "its rules",
    isThere: async (repairing) => {
      const args = ["list", "table", "inet", tableOf(repairing.bridge)];
      return (await runTool(repairing, "nft", args)).code === 0;
    },
    make: ({ host, definition, bridge, signal }) => enforceRules(host, definition, bridge, signal),
  },
  { what: "its links' place at the bridge", isThere: areLinksTied, make: tieLinks },
  { what: "the server of its names", isThere: areNamesServed, make: serveNames },
];

/**
 * Makes anew what other tools took away of the networks that were made here and that sandboxes are in, and tells what
 * it was; `dryRun` only tells. What a sandbox has in its own namespace comes with its next start.
 */
export async function repairNetworks(
  { host, dataDir, logger }: Pick<Context, "host" | "dataDir" | "logger">,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<Damage[]> {
  const folder = networksFolder(dataDir);
  const found: Damage[] = [];
  for (const definition of await readDefinitions(folder)) {
    const { name: network } = definition;
    const repair = async (): Promise<void> => {
      for await (const what of damageTo(host, folder, definition, dryRun, signal))
        found.push({ network, what });
    };
    try {
      await (dryRun ? repair() : lockedNetworks(host, folder, signal, repair));
    } catch (error) {
      signal.throwIfAborted();
      if (!isVirtError(error)) throw error;
      logger.warn({ err: error, network }, "what is gone of a network can't be made anew now");
    }
  }
  return found;
}

/** What is gone of one network, which is made as this is read. */
export async function* damageTo(
  host: Host,
  folder: string,
  definition: Definition,
  dryRun: boolean,
  signal: AbortSignal,
): AsyncGenerator<string> {
  if (definition.driver !== "bridge") return;
  const { name } = definition;
  const uses = await livingUses(host, folder, cniNameOf(folder, name));
  if (uses.length === 0) return;
  const repairing = { host, definition, bridge: bridgeOf(folder, name), uses, signal };
  for (const { what, isThere, make } of parts) {
    signal.throwIfAborted();
    if (await isThere(repairing)) continue;
    if (!dryRun) await make(repairing);
    yield what;
  }
}

async function livingUses(host: Host, folder: string, cniName: string): Promise<CniUse[]> {
  const living: CniUse[] = [];
  for (const { use } of await readUses(folder))
    if (use.cniName === cniName && use.attachment && (await isUserThere(host, use)))
      living.push(use);
  return living;
}
