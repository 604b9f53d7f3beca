import type { NetworkAttachment, SandboxNetwork } from "../config/network/network.ts";
import type { PortMapping } from "../config/network/port.ts";
import { VirtError } from "../errors.ts";
import type { Context } from "../operation/context.ts";
import { networksFolder } from "../store/network/places.ts";
import { configFolders, findList } from "./cni/load.ts";
import { networkOfFile, type UsableNetwork } from "./cni/network.ts";
import { type Attachable, type Place, type Plan, planUse, type Wanted } from "./cni/plan.ts";
import { takes } from "./cni/runtime-config.ts";
import { defaultNetwork } from "./definitions/create.ts";
import { type Definition, readDefinition } from "./definitions/record.ts";
import { toUsable } from "./definitions/usable.ts";

/** What attaching needs of what every verb works with. */
export type AttachContext = Pick<Context, "host" | "dataDir" | "store">;

/** Gives the default network where nobody has made it yet. */
export type ObtainDefault = (folder: string) => Promise<Definition>;

/**
 * What is to be done for each network of a sandbox, in the order of its links; takes nothing. NETWORK_NOT_FOUND,
 * NOT_SUPPORTED where a network can't give what is asked for.
 */
export async function planNetworks(
  context: AttachContext,
  sandbox: Attachable,
  netns: string,
  obtainDefault: ObtainDefault,
): Promise<Plan[]> {
  if (sandbox.config.network === undefined) return [];
  const wanted = await chooseNetworks(context, sandbox, obtainDefault);
  const place = await placeOf(context, netns);
  return wanted.map((each) => planUse(sandbox, each, place));
}

/** As planNetworks, for one more network of a sandbox that runs: its link has a name that is free, and these ports. */
export async function planNetwork(
  context: AttachContext,
  sandbox: Attachable,
  attachment: NetworkAttachment,
  {
    netns,
    taken,
    ports,
  }: { netns: string; taken: readonly string[]; ports: readonly PortMapping[] },
  obtainDefault: ObtainDefault,
): Promise<Plan> {
  const network = await findNetwork(context, attachment.name, obtainDefault);
  const ifName = attachment.interfaceName ?? freeNames(taken).next().value;
  const wanted = { network, attachment, ifName, ports: takesPorts(network) ? ports : [] };
  return planUse(sandbox, wanted, await placeOf(context, netns));
}

async function placeOf({ dataDir, store, host }: AttachContext, netns: string): Promise<Place> {
  const folder = networksFolder(dataDir);
  return { folder, stateDir: store.stateDir, bootId: await host.bootId(), netns };
}

/** The networks that a configuration asks for, in the order of the links. */
export function networksOf(network: SandboxNetwork | undefined): readonly NetworkAttachment[] {
  return network === undefined ? [] : (network.networks ?? [{ name: defaultNetwork }]);
}

/** The networks with the names of their links; the ports lead to the first network that takes such. */
async function chooseNetworks(
  context: AttachContext,
  sandbox: Attachable,
  obtainDefault: ObtainDefault,
): Promise<Wanted[]> {
  const { network, ports = [] } = sandbox.config;
  const all = networksOf(network);
  const networks = await Promise.all(
    all.map(({ name }) => findNetwork(context, name, obtainDefault)),
  );
  const published = networks.findIndex(takesPorts);
  // Who was disconnected since its create from the network that took them is without.
  if (ports.length > 0 && published < 0 && (sandbox.state ?? "creating") === "creating")
    throw cantPublish(networks);
  const given = all.flatMap(({ interfaceName }) => interfaceName ?? []);
  const names = freeNames(given);
  return networks.map((found, index) => ({
    network: found,
    attachment: all[index] ?? { name: found.name },
    ifName: all[index]?.interfaceName ?? names.next().value,
    ports: index === published ? ports : [],
  }));
}

/** eth0, eth1 and on, but those that are taken. */
function* freeNames(taken: readonly string[]): Generator<string, never> {
  for (let index = 0; ; index++) if (!taken.includes(`eth${index}`)) yield `eth${index}`;
}

function takesPorts({ list }: UsableNetwork): boolean {
  return takes(list.plugins, "portMappings");
}

/** A network that was made here comes before a file's of the same name. */
async function findNetwork(
  { host, dataDir }: AttachContext,
  name: string,
  obtainDefault: ObtainDefault,
): Promise<UsableNetwork> {
  const folder = networksFolder(dataDir);
  const made = await readDefinition(folder, name);
  if (made !== undefined) return await toUsable(host, folder, made);
  if (name !== defaultNetwork) return await networkOfFile(name);
  const file = await findList(name, configFolders(process.env));
  if (file !== undefined) return { name, list: file };
  return await toUsable(host, folder, await obtainDefault(folder));
}

function cantPublish(networks: readonly UsableNetwork[]): VirtError {
  const names = networks.map(({ name }) => name).join(", ");
  const where = names === "" ? "without a network" : `in the network ${names}`;
  return new VirtError("NOT_SUPPORTED", `ports can't be published ${where}`, {
    field: "ports",
    hint: "Add a network whose plugins declare the capability portMappings, such as bridge.",
  });
}
