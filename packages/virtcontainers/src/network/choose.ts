import type { NetworkAttachment, SandboxNetwork } from "../config/network/network.ts";
import type { PortMapping } from "../config/network/port.ts";
import { VirtError } from "../errors.ts";
import type { Context } from "../operation/context.ts";
import { networksFolder } from "../store/network/places.ts";
import { configFolders, findList } from "./cni/load.ts";
import { networkOfFile, type UsableNetwork } from "./cni/network.ts";
import type { Attachable, Wanted } from "./cni/plan.ts";
import { takes } from "./cni/runtime-config.ts";
import { defaultNetwork, obtainDefault } from "./definitions/create.ts";
import { readDefinition } from "./definitions/record.ts";
import { toUsable } from "./definitions/usable.ts";

/** What looking networks up needs of what every verb works with. */
export type ChooseContext = Pick<Context, "host" | "dataDir">;

/** The networks that a configuration asks for, in the order of the links. */
export function networksOf(network: SandboxNetwork | undefined): readonly NetworkAttachment[] {
  return network === undefined ? [] : (network.networks ?? [{ name: defaultNetwork }]);
}

/** The networks with the names of their links; the ports lead to the first network that takes such. */
export async function chooseNetworks(
  context: ChooseContext,
  sandbox: Attachable,
  signal: AbortSignal,
): Promise<Wanted[]> {
  const { network, ports = [] } = sandbox.config;
  const all = networksOf(network);
  const networks = await Promise.all(all.map(({ name }) => findNetwork(context, name, signal)));
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

/** One more network for a sandbox that runs: its link has a name that is free, and the ports if nobody has them. */
export async function chooseNetwork(
  context: ChooseContext,
  attachment: NetworkAttachment,
  { taken, ports }: { taken: readonly string[]; ports: readonly PortMapping[] },
  signal: AbortSignal,
): Promise<Wanted> {
  const network = await findNetwork(context, attachment.name, signal);
  const ifName = attachment.interfaceName ?? freeNames(taken).next().value;
  return { network, attachment, ifName, ports: takesPorts(network) ? ports : [] };
}

/** eth0, eth1 and on, but those that are taken. */
function* freeNames(taken: readonly string[]): Generator<string, never> {
  for (let index = 0; ; index++) if (!taken.includes(`eth${index}`)) yield `eth${index}`;
}

function takesPorts({ list }: UsableNetwork): boolean {
  return takes(list.plugins, "portMappings");
}

/** A network that was made here comes before a file's of the same name. NETWORK_NOT_FOUND. */
export async function findNetwork(
  { host, dataDir }: ChooseContext,
  name: string,
  signal: AbortSignal,
): Promise<UsableNetwork> {
  const folder = networksFolder(dataDir);
  const made = await readDefinition(folder, name);
  if (made !== undefined) return await toUsable(host, folder, made);
  if (name !== defaultNetwork) return await networkOfFile(name);
  const file = await findList(name, configFolders(process.env));
  if (file !== undefined) return { name, list: file };
  return await toUsable(host, folder, await obtainDefault(host, folder, signal));
}

function cantPublish(networks: readonly UsableNetwork[]): VirtError {
  const names = networks.map(({ name }) => name).join(", ");
  const where = names === "" ? "without a network" : `in the network ${names}`;
  return new VirtError("NOT_SUPPORTED", `ports can't be published ${where}`, {
    field: "ports",
    hint: "Add a network whose plugins declare the capability portMappings, such as bridge.",
  });
}
