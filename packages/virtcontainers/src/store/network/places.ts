import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { PluginTurns } from "../../host/cni/plugin.ts";
import { hostError, isErrno } from "../../host/errno.ts";
import type { Host } from "../../host/host.ts";
import { makePrivateFolder } from "../../host/trusted.ts";

/** How long one waits for another that changes the networks. */
const lockTimeoutMs = 60_000;

/** Beside the definitions, which no name of a network is like. */
const usesFolder = ".uses";

/** Where the networks of a data folder are. */
export function networksFolder(dataDir: string): string {
  return join(dataDir, "networks");
}

/** Where the uses of all networks are, a folder each. */
export function allUses(folder: string): string {
  return join(folder, usesFolder);
}

/** The file of one use: of the user `user` (`userName`), by the link `ifName`. */
export function usePath(folder: string, cniName: string, user: string, ifName: string): string {
  return join(folder, usesFolder, cniName, `${user}.${ifName}.json`);
}

/** The files of all uses, in the order of their networks. */
export async function usePaths(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const network of await namesIn(allUses(folder)))
    for (const name of await namesIn(join(allUses(folder), network)))
      if (name.endsWith(".json")) paths.push(join(allUses(folder), network, name));
  return paths;
}

/** The folder of networks that the file of a use is in; undefined if it can be none. */
export function folderOfUse(path: string): string | undefined {
  const uses = dirname(dirname(path));
  const folder = dirname(uses);
  return basename(uses) === usesFolder && basename(folder) === "networks" ? folder : undefined;
}

/** The names of what is in a folder; none if it is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw hostError(error, `reading ${folder}`);
  }
}

/** Runs what changes the networks, one at a time. */
export async function lockedNetworks<T>(
  host: Host,
  folder: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  return await locked(host, folder, ".lock", signal, work);
}

/**
 * Lets the plugins of a use, by the path of its file, run when they may. The plugin `dnsname` removes the folder of a
 * network with its last name, also from under another that is being added, so it runs one at a time. Whoever holds the
 * networks may wait for this, never the other way.
 */
export function pluginTurns(host: Host, path: string, signal?: AbortSignal): PluginTurns {
  const folder = folderOfUse(path);
  return async (type, work) =>
    folder !== undefined && type === "dnsname"
      ? await locked(host, folder, ".dnsname.lock", signal, work)
      : await work();
}

async function locked<T>(
  host: Host,
  folder: string,
  name: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  makePrivateFolder(folder);
  const options = { create: true, timeoutMs: lockTimeoutMs, ...(signal && { signal }) };
  using _lock = await host.locks.acquire(join(folder, name), "exclusive", options);
  return await work();
}
