import type { NetworkAttachment } from "../config/network/network.ts";
import { VirtError } from "../errors.ts";
import type { Context } from "../operation/context.ts";
import { networksFolder } from "../store/network/places.ts";
import { configFolders, findList } from "./cni/load.ts";
import { networkOfFile, type UsableNetwork } from "./cni/network.ts";
import { type Attachable, type Plan, planUse, type Wanted } from "./cni/plan.ts";
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
  const place = {
    folder: networksFolder(context.dataDir),
    stateDir: context.store.stateDir,
    bootId: await context.host.bootId(),
    netns,
  };
  return wanted.map((each) => planUse(sandbox, each, place));
}

/** The networks with the names of their links; the ports lead to the first network that takes such. */
async function chooseNetworks(
  context: AttachContext,
  sandbox: Attachable,
  obtainDefault: ObtainDefault,
): Promise<Wanted[]> {
  const { network, ports = [] } = sandbox.config;
  const all: NetworkAttachment[] = network?.networks ?? [{ name: defaultNetwork }];
  const networks = await Promise.all(
    all.map(({ name }) => findNetwork(context, name, obtainDefault)),
  );
  const published = networks.findIndex(({ list }) => takes(list.plugins, "portMappings"));
  if (ports.length > 0 && published < 0) throw cantPublish(networks);
  const given = all.flatMap(({ interfaceName }) => interfaceName ?? []);
  const free = Array.from({ length: 32 }, (_, index) => `eth${index}`).filter(
    (name) => !given.includes(name),
  );
  return networks.map((found, index) => ({
    network: found,
    attachment: all[index] ?? { name: found.name },
    ifName: all[index]?.interfaceName ?? free.shift() ?? "",
    ports: index === published ? ports : [],
  }));
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
  return new VirtError("NOT_SUPPORTED", `ports can't be published in the network ${names}`, {
    field: "ports",
    hint: "Add a network whose plugins declare the capability portMappings, such as bridge.",
  });
}
