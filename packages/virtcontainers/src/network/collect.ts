import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isVirtError } from "../errors.ts";
import { pluginFolders } from "../host/cni/find.ts";
import { removeTree } from "../host/remove-tree.ts";
import type { Context } from "../operation/context.ts";
import { networksFolder } from "../store/network/places.ts";
import { undoUse } from "../store/record/cni.ts";
import { isUserThere } from "../store/user.ts";
import { forgetOthers } from "./cni/ask.ts";
import { readUses } from "./cni/claims.ts";
import { configFolders, loadLists } from "./cni/load.ts";

/** Undoes uses of networks whose sandboxes are gone, and gives them; what can't be undone now stays, and is told. */
export async function collectUses(
  { host, dataDir, logger }: Pick<Context, "host" | "dataDir" | "logger">,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const folder = networksFolder(dataDir);
  const found: string[] = [];
  const living: Awaited<ReturnType<typeof readUses>> = [];
  for (const each of await readUses(folder)) {
    signal.throwIfAborted();
    if (await isUserThere(host, each.use)) {
      living.push(each);
      continue;
    }
    found.push(`${each.use.sandboxId} (${each.use.target.ifName})`);
    if (dryRun) continue;
    await undoUse(host, each.path).catch((error: unknown) => {
      if (!isVirtError(error)) throw error;
      logger.warn({ err: error, path: each.path }, "a use of a network stays");
    });
  }
  if (dryRun) return found;
  await sweepLeases(folder, await host.bootId());
  for (const { list } of await loadLists(configFolders(process.env))) {
    if (list === undefined) continue;
    const valid = living
      .filter(({ use }) => use.cniName === list.name)
      .map(({ use }) => ({ containerID: use.target.containerId, ifname: use.target.ifName }));
    const folders = pluginFolders(process.env);
    await forgetOthers(host, list, valid, folders, signal).catch((error: unknown) => {
      if (!isVirtError(error, "NETWORK_FAILED", "HOST_REQUIREMENT", "TIMEOUT")) throw error;
      logger.warn({ err: error, network: list.name }, "a plugin does not collect garbage");
    });
  }
  return found;
}

/** Addresses that were given away before this machine was started are free. */
async function sweepLeases(folder: string, bootId: string): Promise<void> {
  const leases = join(folder, ".leases");
  for (const boot of await readdir(leases).catch(() => []))
    if (boot !== bootId) await removeTree(join(leases, boot));
}
