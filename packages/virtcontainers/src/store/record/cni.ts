import { rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import * as v from "valibot";
import { undoChain } from "../../host/cni/undo.ts";
import type { Host } from "../../host/host.ts";
import { removeBridge } from "../network/bridge.ts";
import { type CniUse, readUse } from "../network/cni-use.ts";
import { folderOfUse, lockedNetworks, namesIn, pluginTurns } from "../network/places.ts";
import { userName } from "../user.ts";
import { type RecordKind, thingPath } from "./kind.ts";

/** A use of a network, by the file that says how to undo it; without the file nothing was added. */
export interface CniRecord {
  kind: "cni";
  network: string;
  ifName: string;
  path: string;
}

const schema = v.strictObject({
  kind: v.literal("cni"),
  network: v.string(),
  ifName: v.string(),
  path: thingPath,
});

export const cni: RecordKind<CniRecord> = {
  schema,
  life: "vm",
  name: ({ network, ifName }) => `${network} (${ifName})`,
  outside: ({ stateDir, id }, { path }) => {
    const isOwn = basename(path).startsWith(`${userName(id, stateDir)}.`);
    return isOwn && folderOfUse(path) !== undefined ? undefined : path;
  },
  release: async (host, { path }) => await undoUse(host, path),
};

/** Undoes a use of a network from what was kept of it. NETWORK_FAILED, HOST_REQUIREMENT, STATE_INVALID. */
export async function undoUse(host: Host, path: string): Promise<void> {
  const use = await readUse(path);
  if (use === undefined) return;
  await undoChain(host, use, pluginTurns(host, path));
  host.failpoint("cni.undone");
  const folder = folderOfUse(path);
  if (folder === undefined || use.bridge === undefined) return await rm(path, { force: true });
  // Whoever comes next notes its use first, and makes the bridge when it is its turn.
  await lockedNetworks(host, folder, undefined, () => forget(host, path, use));
}

/** Undoes a use as `undoUse` does, for who has the networks locked. */
export async function undoLocked(host: Host, path: string, use: CniUse): Promise<void> {
  await undoChain(host, use, pluginTurns(host, path));
  await forget(host, path, use);
}

async function forget(host: Host, path: string, { bridge }: CniUse): Promise<void> {
  if (bridge !== undefined) {
    const others = (await namesIn(dirname(path))).filter((name) => name !== basename(path));
    if (!others.some((name) => name.endsWith(".json"))) await removeBridge(host, bridge);
  }
  await rm(path, { force: true });
}
