import { networkName } from "../../config/network/names.ts";
import { type CallOptions, Deadline } from "../../deadline.ts";
import { isVirtError, VirtError } from "../../errors.ts";
import { pluginFolders } from "../../host/cni/find.ts";
import type { Host } from "../../host/host.ts";
import type { Context } from "../../operation/context.ts";
import { lockedNetworks, networksFolder } from "../../store/network/places.ts";
import { isUserThere } from "../../store/user.ts";
import { parse } from "../../validate.ts";
import { assertReady, checkUse } from "../cni/ask.ts";
import { readUses } from "../cni/claims.ts";
import { configFolders, findList, loadLists } from "../cni/load.ts";
import { networkNotFound, networkOfFile } from "../cni/network.ts";
import { networkByDefault } from "../default.ts";
import type { Network, Networks } from "../networks.ts";
import { createNetwork, defaultNetwork } from "./create.ts";
import { forgetNetwork } from "./forget.ts";
import { membersOf } from "./members.ts";
import { cniNameOf, type Definition, readDefinition, readDefinitions } from "./record.ts";
import { damageTo } from "./repair/repair.ts";
import { toUsable } from "./usable.ts";

/** Default deadline of an operation on networks. */
const timeoutMs = 60_000;

/** The networks below the data folder, and those of the files of CNI. */
export function createNetworks(
  context: Pick<Context, "host" | "dataDir" | "defaultNetwork" | "events">,
): Networks {
  const { host } = context;
  const folder = networksFolder(context.dataDir);
  const run = async <T>(
    name: string,
    call: CallOptions | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    using deadline = new Deadline(call ?? {}, timeoutMs, `networks.${name}`);
    return await deadline.race(work(deadline.signal).finally(() => host.network.leave()));
  };
  const tell = (type: "networkCreated" | "networkRemoved", network: string): Promise<void> =>
    context.events.record({ type, network });
  const named = (name: string): string => parse(networkName, name, "name");
  return {
    default: (call) => run("default", call, () => networkByDefault(context)),
    create: (options = {}, call) =>
      run("create", call, async (signal) => {
        const definition = await createNetwork(host, folder, options, signal);
        await tell("networkCreated", definition.name);
        return await describe(host, folder, definition);
      }),
    list: (call) => run("list", call, () => listNetworks(host, folder)),
    inspect: (name, call) => run("inspect", call, () => inspectNetwork(host, folder, named(name))),
    check: (name, call) =>
      run("check", call, (signal) => checkNetwork(host, folder, named(name), signal)),
    remove: (name, call) =>
      run("remove", call, async (signal) => {
        await removeNetwork(host, folder, named(name), signal);
        await tell("networkRemoved", name);
      }),
    prune: (call) =>
      run("prune", call, async (signal) => {
        const removed = await pruneNetworks(host, folder, signal);
        for (const name of removed) await tell("networkRemoved", name);
        return removed;
      }),
  };
}

async function listNetworks(host: Host, folder: string): Promise<Network[]> {
  const made = await Promise.all(
    (await readDefinitions(folder)).map((each) => describe(host, folder, each)),
  );
  const files = await loadLists(configFolders(process.env));
  const names = new Set(files.flatMap(({ list }) => list?.name ?? []));
  for (const { name } of made) names.delete(name);
  const foreign = await Promise.all([...names].map((name) => describeFile(host, folder, name)));
  return [...made, ...foreign].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function inspectNetwork(host: Host, folder: string, name: string): Promise<Network> {
  const definition = await readDefinition(folder, name);
  if (definition !== undefined) return await describe(host, folder, definition);
  if ((await findList(name, configFolders(process.env))) === undefined) throw networkNotFound(name);
  return await describeFile(host, folder, name);
}

async function checkNetwork(
  host: Host,
  folder: string,
  name: string,
  signal: AbortSignal,
): Promise<string[]> {
  const definition = await readDefinition(folder, name);
  const made = definition && (await toUsable(host, folder, definition));
  const { list } = made ?? (await networkOfFile(name));
  const wrong: string[] = [];
  const note = (error: unknown): void => {
    signal.throwIfAborted();
    if (!isVirtError(error)) throw error;
    wrong.push(error.message);
  };
  if (definition !== undefined)
    for await (const what of damageTo(host, folder, definition, true, signal))
      wrong.push(`${what}: another tool took it away; \`virtc gc\` makes it anew`);
  await assertReady(host, list, pluginFolders(process.env), signal).catch(note);
  for (const { use } of await readUses(folder)) {
    if (use.cniName !== list.name || list.disableCheck || !(await isUserThere(host, use))) continue;
    await checkUse(host, use, signal).catch(note);
  }
  return wrong;
}

async function removeNetwork(
  host: Host,
  folder: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await lockedNetworks(host, folder, signal, async () => {
    if ((await readDefinition(folder, name)) === undefined) throw await notOurs(name);
    const users = await usersOf(host, folder, cniNameOf(folder, name));
    if (users.length > 0) throw inUse(name, users);
    await forgetNetwork(folder, name);
  });
}

async function pruneNetworks(host: Host, folder: string, signal: AbortSignal): Promise<string[]> {
  return await lockedNetworks(host, folder, signal, async () => {
    const removed: string[] = [];
    for (const { name } of await readDefinitions(folder)) {
      signal.throwIfAborted();
      if (name === defaultNetwork) continue;
      if ((await usersOf(host, folder, cniNameOf(folder, name))).length > 0) continue;
      await forgetNetwork(folder, name);
      removed.push(name);
    }
    return removed;
  });
}

async function describe(host: Host, folder: string, definition: Definition): Promise<Network> {
  const { name, driver, parent, mode, subnets, internal, labels, createdAt } = definition;
  const users = await membership(host, folder, cniNameOf(folder, name));
  const made = { ...(parent !== undefined && { parent }), ...(mode !== undefined && { mode }) };
  return { name, driver, ...made, subnets, internal, labels, createdAt, ...users };
}

async function describeFile(host: Host, folder: string, name: string): Promise<Network> {
  const users = await membership(host, folder, name);
  return { name, driver: "cni", subnets: [], internal: false, labels: {}, ...users };
}

async function membership(
  host: Host,
  folder: string,
  cniName: string,
): Promise<Pick<Network, "usedBy" | "members">> {
  const members = await membersOf(host, folder, cniName);
  return { usedBy: [...new Set(members.map(({ sandboxId }) => sandboxId))], members };
}

/** The sandboxes that are in it and are still there. */
async function usersOf(host: Host, folder: string, cniName: string): Promise<readonly string[]> {
  return (await membership(host, folder, cniName)).usedBy;
}

async function notOurs(name: string): Promise<VirtError> {
  const found = await findList(name, configFolders(process.env)).catch(() => undefined);
  if (found === undefined) return networkNotFound(name);
  return new VirtError("NOT_SUPPORTED", `the network ${name} is of a file that was not made here`, {
    hint: `Remove its file from ${configFolders(process.env).join(", ")}.`,
  });
}

function inUse(name: string, users: readonly string[]): VirtError {
  return new VirtError("BUSY", `the network ${name} is used by ${users.join(", ")}`, {
    hint: "Stop or delete what uses it first.",
  });
}
