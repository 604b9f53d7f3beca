import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isVirtError } from "../errors.ts";
import { pluginFolders } from "../host/cni/find.ts";
import { removeTree } from "../host/remove-tree.ts";
import type { Context } from "../operation/context.ts";
import { type CniUse, readUse } from "../store/network/cni-use.ts";
import { lockedNetworks, networksFolder, usePaths } from "../store/network/places.ts";
import { undoLocked } from "../store/record/cni.ts";
import { isUserThere } from "../store/user.ts";
import { collects, forgetOthers } from "./cni/ask.ts";
import { readUses } from "./cni/claims.ts";
import { configFolders, loadLists } from "./cni/load.ts";

type CollectContext = Pick<Context, "host" | "dataDir" | "logger">;

/** Undoes uses of networks whose sandboxes are gone, and gives them; what can't be undone now stays, and is told. */
export async function collectUses(
  context: CollectContext,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const folder = networksFolder(context.dataDir);
  const found: string[] = [];
  for (const path of await usePaths(folder)) {
    signal.throwIfAborted();
    await unlessRefused(context, { path }, async () => {
      const left = await readLeft(context, path);
      if (left === undefined) return;
      if (dryRun || (await undoLeft(context, folder, path, signal)))
        found.push(`${left.sandboxId} (${left.target.ifName})`);
    });
  }
  if (dryRun) return found;
  await sweepLeases(folder, await context.host.bootId());
  await askPlugins(context, folder, signal);
  await context.host.network.leave();
  return found;
}

/** A sandbox of the same id that is made meanwhile waits for the networks before it has anything of them. */
async function undoLeft(
  context: CollectContext,
  folder: string,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  return await lockedNetworks(context.host, folder, signal, async () => {
    const left = await readLeft(context, path);
    if (left !== undefined) await undoLocked(context.host, path, left);
    return left !== undefined;
  });
}

/** What nobody uses any more. STATE_INVALID. */
async function readLeft({ host }: CollectContext, path: string): Promise<CniUse | undefined> {
  const use = await readUse(path);
  return use === undefined || (await isUserThere(host, use)) ? undefined : use;
}

/** Plugins remove what is of nobody whom they are told of: so nobody may come meanwhile, nor be overlooked. */
async function askPlugins(
  context: CollectContext,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const { host } = context;
  const lists = (await loadLists(configFolders(process.env))).flatMap(({ list }) => list ?? []);
  for (const list of lists.filter(collects))
    await unlessRefused(context, { network: list.name }, () =>
      lockedNetworks(host, folder, signal, async () => {
        const valid: { containerID: string; ifname: string }[] = [];
        for (const { use } of await readUses(folder))
          if (use.cniName === list.name && (await isUserThere(host, use)))
            valid.push({ containerID: use.target.containerId, ifname: use.target.ifName });
        await forgetOthers(host, list, valid, pluginFolders(process.env), signal);
      }),
    );
}

/** What is wrong with one use or plugin is no reason to leave the others'. */
async function unlessRefused(
  { logger }: CollectContext,
  fields: object,
  collect: () => Promise<void>,
): Promise<void> {
  try {
    await collect();
  } catch (error) {
    const codes = ["NETWORK_FAILED", "HOST_REQUIREMENT", "HOST_FAILED", "STATE_INVALID"] as const;
    if (!isVirtError(error, ...codes, "TIMEOUT")) throw error;
    logger.warn({ err: error, ...fields }, "what nobody uses of a network can't be removed now");
  }
}

/** Addresses that were given away before this machine was started are free. */
async function sweepLeases(folder: string, bootId: string): Promise<void> {
  const leases = join(folder, ".leases");
  for (const boot of await readdir(leases).catch(() => []))
    if (boot !== bootId) await removeTree(join(leases, boot));
}
